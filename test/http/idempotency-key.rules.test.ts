import { describe, expect, test } from "vitest";
import { readIdempotencyKey } from "../../src/http/idempotency-key.rules.ts";

describe("an Idempotency-Key", () => {
  test.each([
    ["a quoted string", '"8e03978e-40d5"', "8e03978e-40d5"],
    ["the bare form that many clients send, as the same key", "8e03978e-40d5", "8e03978e-40d5"],
    ["spaces within quotes", '"a b"', "a b"],
    ["escaped quotes and backslashes", String.raw`"a\"b\\c"`, String.raw`a"b\c`],
    ["one character", '"a"', "a"],
    ["255 characters", `"${"k".repeat(255)}"`, "k".repeat(255)],
    ["255 characters after their escapes are read", `"${String.raw`\"`.repeat(255)}"`, '"'.repeat(255)],
  ])("is read from %s", (_what, header, key) => {
    expect(readIdempotencyKey(header)).toEqual({ key });
  });

  test("is absent without its header", () => {
    expect(readIdempotencyKey(undefined)).toBe("absent");
  });

  test.each([
    ["nothing", ""],
    ["an empty string", '""'],
    ["256 characters", `"${"k".repeat(256)}"`],
    ["256 bare characters", "k".repeat(256)],
    ["no closing quote", '"abc'],
    ["no opening quote", 'abc"'],
    ["two strings", '"a", "b"'],
    ["parameters", '"a"; b=c'],
    ["bare spaces", "a b"],
    ["another letter escaped", String.raw`"a\n"`],
    ["a control character", '"a\u0001"'],
    ["letters beyond ASCII", '"ä"'],
  ])("is malformed as %s", (_what, header) => {
    expect(readIdempotencyKey(header)).toBe("malformed");
  });
});
