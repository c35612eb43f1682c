import { describe, expect, test } from "vitest";
import { parseJsonBody, parseKeepingIntegers } from "../../engine/json-body.ts";
import { refusalOf } from "./requests.ts";

const utf8 = new TextEncoder();

describe("a JSON body", () => {
  test("is parsed, and its text is kept for a second reading", () => {
    expect(parseJsonBody(utf8.encode('{"a":"π"}'))).toEqual({ value: { a: "π" }, text: '{"a":"π"}' });
  });

  test("may begin with a byte order mark", () => {
    expect(parseJsonBody(utf8.encode("\ufeff[1]")).value).toEqual([1]);
  });

  test("that breaks is refused with the place", () => {
    // `{"a": 1,` and the line's end are 9 characters; `  ` and `b` follow: the 12th character is a quote too many.
    expect(refusalOf(() => parseJsonBody(utf8.encode('{"a": 1,\n  b"}')))).toEqual({
      code: "malformed-json",
      detail: "The body is not JSON: Expected double-quoted property name at line 2, column 3.",
      evidence: { position: 11, line: 2, column: 3 },
    });
  });

  test("that is empty is refused at its beginning", () => {
    expect(refusalOf(() => parseJsonBody(new Uint8Array()))).toEqual({
      code: "malformed-json",
      detail: "The body is not JSON: it is empty at line 1, column 1.",
      evidence: { position: 0, line: 1, column: 1 },
    });
  });

  test.for([
    ["a byte that never occurs", [0xff]],
    ["a lone continuation", [0x80]],
    ["a sequence that is cut short", [0xe2, 0x82]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
  ] as const)("that holds %s is refused, since replacing it would change a tensor silently", ([, bytes]) => {
    const body = Uint8Array.of(...utf8.encode('["'), ...bytes, ...utf8.encode('"]'));
    expect(refusalOf(() => parseJsonBody(body))).toEqual({
      code: "malformed-json",
      detail: "The body is not valid UTF-8.",
      evidence: {},
    });
  });

  test("keeps a member called __proto__ as a member", () => {
    const { value } = parseJsonBody(utf8.encode('{"__proto__":{"inputs":[]}}'));
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });
});

describe("a body that is read keeping its integers", () => {
  test("has those beyond 2^53 as bigints, exactly, and all else as ever", () => {
    // 2^53 − 1 = 9007199254740991 is the largest that a double tells from its neighbours.
    const text =
      '[9007199254740991, 9007199254740992, -9007199254740993, 1, "9007199254740993", {"a": 18446744073709551615}]';
    expect(parseKeepingIntegers(text)).toEqual([
      9_007_199_254_740_991,
      9_007_199_254_740_992n,
      -9_007_199_254_740_993n,
      1,
      "9007199254740993",
      { a: 18_446_744_073_709_551_615n },
    ]);
  });

  test("has a number with a fraction or an exponent as a number, though it be a large integer", () => {
    expect(parseKeepingIntegers("[1e20, 9007199254740993.0, 1e400]")).toEqual([1e20, 9_007_199_254_740_992, Infinity]);
  });

  test("is refused when it is nested too deeply to be walked", () => {
    const text = `${"[".repeat(500_000)}${"]".repeat(500_000)}`;
    expect(JSON.parse(text)).toHaveLength(1);
    expect(refusalOf(() => parseKeepingIntegers(text))).toEqual({
      code: "invalid-request",
      detail: "The body is nested too deeply.",
      evidence: {},
    });
  });
});

describe("a body of nothing but structure", () => {
  const opening = (text: string, times: number): Uint8Array => new TextEncoder().encode(`[${text.repeat(times)}0]`);

  test("is refused beyond a million objects and arrays, before it is parsed", () => {
    for (const text of ["{},", "[],", "["]) {
      const refusal = refusalOf(() => parseJsonBody(opening(text, 1_000_000)));
      expect(refusal).toMatchObject({ code: "invalid-request", evidence: { max_structures: 1_000_000 } });
      expect(refusal.detail).toContain("opens 1000001 objects and arrays");
    }
  });

  test("is parsed up to there", () => {
    expect(parseJsonBody(opening("{},", 999_999)).value).toHaveLength(1_000_000);
  });
});
