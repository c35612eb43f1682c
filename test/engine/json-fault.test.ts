import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type JsonFault, describeJsonFault } from "../../engine/json-fault.ts";

/** Where the parser stops at a text that is not JSON. */
function faultIn(text: string): JsonFault {
  try {
    JSON.parse(text);
  } catch (error) {
    return describeJsonFault(error, text);
  }
  throw new Error("Expected a text that is not JSON.");
}

describe("where JSON breaks", () => {
  test("is told with the parser's reason, the characters before it, and line and column from 1", () => {
    // Line 1 holds 8 characters and its end: 9 before line 2. There `  "b"` are 5 more: 14 characters before the 2.
    expect(faultIn('{"a": 1,\n  "b" 2}')).toEqual({
      reason: "The body is not JSON: Expected ':' after property name at line 2, column 7.",
      position: 15,
      line: 2,
      column: 7,
    });
  });

  test.for([
    ["an empty text", "", 0],
    ["white space alone", "  \n", 3],
    ["an open array", "[1, 2", 5],
    ["an open string", '{"a": "bc', 9],
    ["a word that is cut short", '{"a": tru', 9],
    ["an open object", "{", 1],
  ] as const)("is the end of the text for %s", ([, text, position]) => {
    expect(faultIn(text).position).toBe(position);
  });

  test("is said to be an empty body where there is none", () => {
    expect(faultIn("").reason).toBe("The body is not JSON: it is empty at line 1, column 1.");
  });

  test.for([
    ["NaN, which JSON has no word for", '{"data": [1, NaN]}', "N", 13],
    ["a name without quotes as a value", '{"a":x}', "x", 5],
    ["a comma before the end of an array", "[1,]", "]", 3],
    ["a comma before the end of an inner array", "[[1],[2],]", "]", 9],
    ["two commas", "[1,,2]", ",", 3],
    ["a missing value in an object", '{"a":}', "}", 5],
    ["a comma at the beginning of an array", "[ ,1]", ",", 2],
    ["an array closed as an object", "[1,}", "}", 3],
    ["a plus sign", "[+1]", "+", 1],
    ["a fraction without its zero", "[.5]", ".", 1],
    ["single quotes", "['a']", "'", 1],
    ["a word with a wrong letter", "[true, falsy]", "y", 11],
    ["a word in capitals", "[True]", "T", 1],
    ["a control character", "\u0000", "\u0000", 0],
    ["what looks like white space and is not", "[\u00a01]", "\u00a0", 1],
    ["a fault behind strings that hold brackets, commas and quotes", String.raw`["[,\"]\\",{"},":[]},x]`, "x", 21],
  ] as const)("is where a value should stand: %s", ([, text, token, position]) => {
    expect(text[position]).toBe(token);
    expect(faultIn(text)).toMatchObject({
      reason: `The body is not JSON: Unexpected token '${token}' at line 1, column ${position + 1}.`,
      position,
    });
  });

  test("is where a value should stand in any text: up to there something is due, and what is there is not it", () => {
    const tokens = [
      "[",
      "]",
      "{",
      "}",
      ",",
      ":",
      '"a"',
      '"\\"]"',
      "-1.5e+3",
      "true",
      "null",
      "tru",
      "NaN",
      "+",
      " ",
      "\n",
      "0",
    ];
    const messageOf = (text: string): string => {
      try {
        JSON.parse(text);
        return "";
      } catch (error) {
        return error instanceof Error ? error.message : "";
      }
    };
    let found = 0;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...tokens), { maxLength: 12 }), (chosen) => {
        const text = chosen.join("");
        if (!messageOf(text).startsWith("Unexpected token")) return;
        const { position } = faultIn(text);
        expect(messageOf(text.slice(0, position))).toBe("Unexpected end of JSON input");
        expect(messageOf(text.slice(0, position + 1))).toMatch(/^Unexpected token/);
        found += 1;
      }),
      { numRuns: 3_000 },
    );
    expect(found).toBeGreaterThan(100);
  });

  test("is not taken from a body that itself speaks of a position", () => {
    expect(faultIn("[x at position 7]")).toMatchObject({ position: 1, line: 1, column: 2 });
    expect(faultIn("x in JSON at position 9 (line 9 column 9)")).toMatchObject({ position: 0, line: 1, column: 1 });
  });

  test("is found on its line in a long body too, where the parser quotes only a piece of it", () => {
    const rows = Array.from({ length: 10_000 }, () => "[0, 0, 0, 0]");
    rows[9_000] = "[0, 0, NaN, 0]";
    // A row is 12 characters, `,` and the line's end: 14. 9,000 · 14 + the first `[` + `[0, 0, ` = 126,008.
    expect(faultIn(`[${rows.join(",\n")}]`)).toMatchObject({ position: 126_008, line: 9_001, column: 8 });
  });

  test("does not quote the body", () => {
    expect(faultIn('{"password": secret}').reason).not.toContain("password");
  });

  test("is the end of the text when the parser gives up without saying where", () => {
    expect(describeJsonFault(new RangeError("Maximum call stack size exceeded"), "[[]]")).toMatchObject({
      position: 4,
    });
    expect(describeJsonFault("no error at all", "[[]]")).toMatchObject({ position: 4, line: 1, column: 5 });
  });
});
