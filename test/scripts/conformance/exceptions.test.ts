import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { excuse, findOutdated, readExceptions } from "../../../scripts/conformance/exceptions.ts";
import type { VectorResult } from "../../../scripts/conformance/folder-run.ts";
import { makeRoot } from "./case-folder.ts";

const passed: VectorResult = { suite: "s", case: "a", vector: "case", form: "json", runtime: "auto" };
const failed: VectorResult = { ...passed, reason: "wrong" };

describe("an exception", () => {
  it.each([
    ["its case", {}, true],
    ["its case in its form", { form: "json" }, true],
    ["another form", { form: "binary" }, false],
    ["its case where it runs", { runtime: "auto" }, true],
    ["another runtime", { runtime: "container" }, false],
    ["another case", { case: "b" }, false],
  ] as const)("covers a failure of %s: %j is %s", (_what, rest, isCovered) => {
    const exception = { case: "a", reason: "no such operator", ...rest };
    expect(excuse([failed], [exception])).toEqual([isCovered ? { ...failed, excuse: "no such operator" } : failed]);
  });

  it("excuses nothing that passes", () => {
    expect(excuse([passed], [{ case: "a", reason: "r" }])).toEqual([passed]);
  });
});

describe("a list of exceptions", () => {
  const exception = { case: "a", reason: "r" };
  const other: VectorResult = { ...passed, vector: "case.1" };

  it("is outdated where a listed case passes", () => {
    expect(findOutdated([passed], [exception])).toEqual(["a json: passes, but is excused: r"]);
  });

  it("is outdated where a case passes in one form, and is listed for both", () => {
    const results: VectorResult[] = [failed, { ...passed, form: "binary" }];
    expect(findOutdated(results, [exception])).toEqual(["a binary: passes, but is excused: r"]);
    expect(findOutdated(results, [{ ...exception, form: "json" }])).toEqual([]);
  });

  it("holds where one of a case's vectors fails, and where the case did not run", () => {
    expect(findOutdated([failed, other], [exception])).toEqual([]);
    expect(findOutdated([], [exception])).toEqual([]);
  });
});

describe("a file of exceptions", () => {
  let root = "";

  beforeEach(() => {
    root = makeRoot();
  });

  afterEach(() => rmSync(root, { recursive: true }));

  function read(text: string): ReturnType<typeof readExceptions> {
    const path = join(root, "exceptions.json");
    writeFileSync(path, text);
    return readExceptions(path);
  }

  it("is read whole", () => {
    const exceptions = [{ case: "a", form: "binary", runtime: "isolate", reason: "r" }];
    expect(read(JSON.stringify(exceptions))).toEqual({ kind: "exceptions", exceptions });
  });

  it.each([
    ["no list", "{}"],
    ["no JSON", "["],
    ["no reason", '[{"case":"a"}]'],
    ["an empty reason", '[{"case":"a","reason":""}]'],
    ["an unknown member, which may be a mistyped one", '[{"case":"a","reason":"r","forms":"json"}]'],
  ])("that has %s is refused with its name", (_what, text) => {
    expect(read(text)).toMatchObject({ kind: "unreadable", reason: expect.stringContaining("exceptions.json") });
  });

  it("that is missing is refused", () => {
    expect(readExceptions(join(root, "absent.json"))).toMatchObject({ kind: "unreadable" });
  });
});
