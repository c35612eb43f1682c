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
      arguments: { directory: "d", datatypes: ["FP32", "INT64"], maxBytes: 5, concurrency: 2 },
    });
  });
});
