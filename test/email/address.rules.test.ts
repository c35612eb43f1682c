import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isEmailAddress } from "../../src/email/address.rules.ts";
import { HOSTILE_ADDRESSES } from "./hostile.ts";

const LABEL_OF_63 = "d".repeat(63);

describe("an e-mail address", () => {
  test.each([
    "ada@example.com",
    "a@b.co",
    "first.last+tag@mail.example.co.uk",
    "o'brien_2-x@example.com",
    "user@xn--mller-kva.example",
    `${"l".repeat(64)}@example.com`,
    `a@${LABEL_OF_63}.${LABEL_OF_63}.${LABEL_OF_63}.${"d".repeat(60)}`, // 2 + 3 · 64 + 60 = 254
  ])("%j is one", (address) => {
    expect(isEmailAddress(address)).toBe(true);
  });

  test.each([
    "",
    "ada",
    "@example.com",
    "ada@",
    "ada@localhost",
    ".ada@example.com",
    "ada.@example.com",
    "a..b@example.com",
    "ada@example..com",
    "ada@-example.com",
    "ada@example-.com",
    "ada@example.com.",
    `${"l".repeat(65)}@example.com`,
    `a@${LABEL_OF_63}d.com`,
    `a@${LABEL_OF_63}.${LABEL_OF_63}.${LABEL_OF_63}.${"d".repeat(61)}`,
    "a".repeat(1_000_000),
    ...HOSTILE_ADDRESSES,
  ])("%j is none", (address) => {
    expect(isEmailAddress(address)).toBe(false);
  });

  test("holds nothing that parts one recipient from the next, whatever stands where in it", () => {
    const piece = fc.constantFrom(
      "a",
      "@",
      ".",
      "example.com",
      ",",
      ";",
      "\r\n",
      "\0",
      " ",
      "<",
      ">",
      '"',
      ":",
      "(",
      "\\",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join("");
        expect(isEmailAddress(text) && /[^\w@.-]/.test(text)).toBe(false);
      }),
      { numRuns: 5000 },
    );
  });
});
