import { describe, expect, it } from "vitest";

import { readArguments } from "../../../scripts/conformance/options.ts";

describe("readArguments", () => {
  it("names what it cannot read, and reads the rest", () => {
    expect(readArguments([])).toMatchObject({ kind: "invalid", reason: expect.stringContaining("DIR is missing") });
    expect(readArguments(["d", "--sample", "0"])).toMatchObject({ kind: "invalid" });
    expect(readArguments(["d", "--datatypes", "FP8"])).toMatchObject({ kind: "invalid" });
    expect(readArguments(["d", "--unknown"])).toMatchObject({ kind: "invalid" });
    expect(readArguments(["d", "--help"])).toEqual({ kind: "help" });
    expect(readArguments(["d", "--datatypes", "fp32,INT64", "--max-bytes", "5"])).toMatchObject({
      arguments: { directories: ["d"], datatypes: ["FP32", "INT64"], maxBytes: 5, concurrency: 2 },
    });
  });

  it("infers in JSON, in binary or in both", () => {
    expect(readArguments(["d"])).toMatchObject({ arguments: { forms: ["json"], runtime: undefined } });
    expect(readArguments(["d", "--binary"])).toMatchObject({ arguments: { forms: ["binary"] } });
    expect(readArguments(["d", "--both-forms"])).toMatchObject({ arguments: { forms: ["json", "binary"] } });
    expect(readArguments(["d", "--binary", "--both-forms"])).toMatchObject({ kind: "invalid" });
  });

  it.each(["0/2", "3/2", "1", "1/0", "1/2/3", "-1/2", "a/b"])(
    "refuses the shard %j, and says how one looks",
    (shard) => {
      const reason = expect.stringContaining("as in 2/10");
      expect(readArguments(["d", `--shard=${shard}`])).toMatchObject({ kind: "invalid", reason });
    },
  );

  it("takes a shard, a runtime and several directories", () => {
    expect(readArguments(["d", "e", "--shard", "2/2", "--runtime", "container"])).toMatchObject({
      arguments: { directories: ["d", "e"], shard: { index: 2, count: 2 }, runtime: "container" },
    });
    expect(readArguments(["d", "--runtime", "gpu"])).toMatchObject({
      reason: '--runtime: "gpu" is none of auto, isolate, container',
    });
  });
});
