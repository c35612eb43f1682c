import { rmSync } from "node:fs";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { findFolders, sampleEvenly, selectFolders } from "../../../scripts/conformance/folders.ts";
import { makeRoot, tensor, writeFolder } from "./case-folder.ts";

let root = "";

beforeEach(() => {
  root = makeRoot();
});

afterEach(() => rmSync(root, { recursive: true }));

describe("selectFolders", () => {
  const output = { outputs: [tensor("FP32", [0], { data: [] })] };

  it("samples at ⌊i · length / count⌋", () => {
    // 4 of 10: ⌊0⌋, ⌊2.5⌋, ⌊5⌋, ⌊7.5⌋.
    expect(sampleEvenly([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 4)).toEqual([0, 2, 5, 7]);
    expect(sampleEvenly([0, 1], 3)).toEqual([0, 1]);
  });

  it("orders folders by name and vectors by number, and ignores folders without a case", () => {
    writeFolder(
      root,
      "b",
      Array.from({ length: 11 }, () => output),
    );
    writeFolder(root, "a", [output], { "NOTICE.txt": "", "labels.json": "", "weights.bin": "12345" });
    writeFolder(root, "c", []);
    const folders = findFolders(root);
    expect(folders.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(folders[1]?.caseFiles.slice(0, 3)).toEqual(["case.json", "case.1.json", "case.2.json"]);
    // "onnx bytes" is 10 bytes, the external data 5.
    expect(folders[0]).toMatchObject({ externalFiles: ["weights.bin"], uploadBytes: 15 });
  });

  it("parts all folders among the shards, each into one", () => {
    for (const name of ["a", "b", "c", "d", "e"]) writeFolder(root, name, [output]);
    const shards = [1, 2].map((index) => selectFolders(findFolders(root), { shard: { index, count: 2 } }));
    expect(shards.map(({ selected }) => selected.map(({ name }) => name))).toEqual([
      ["a", "c", "e"],
      ["b", "d"],
    ]);
    expect(shards[1]?.leftOut).toEqual([{ reason: "not in part 2 of 2", folders: 3 }]);
  });

  it("counts what each option leaves out, and samples last", () => {
    writeFolder(root, "add_1", [output]);
    writeFolder(root, "add_2", [output, { outputs: [tensor("INT64", [0], { data: [] })] }]);
    writeFolder(root, "add_3", [output], { "weights.bin": "12345" });
    writeFolder(root, "add_4", [output]);
    writeFolder(root, "sub", [output]);
    const options = { filter: "add", maxBytes: 10, datatypes: ["FP32"], sample: 1 } as const;
    const { selected, leftOut } = selectFolders(findFolders(root), options);
    expect(selected.map(({ name }) => name)).toEqual(["add_1"]);
    expect(leftOut).toEqual([
      { reason: 'no "add" in the name', folders: 1 },
      { reason: "larger than 10 bytes", folders: 1 },
      { reason: "uses another datatype than FP32", folders: 1 },
      { reason: "not in the sample of 1", folders: 1 },
    ]);
  });
});
