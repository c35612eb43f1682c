import { describe, expect, test } from "vitest";
import { rawSignature, shownUrl } from "../../src/identity/leaks.rules.ts";

const hex = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString("hex");
const r = "11".repeat(32);

describe("a signature in DER", () => {
  test("is r and s of 32 bytes each: a zero before a high bit goes, short numbers are filled up", () => {
    // 0x30 length, 0x02 length r, 0x02 length s
    const high = `80${"22".repeat(31)}`;
    expect(hex(rawSignature(Buffer.from(`30450220${r}022100${high}`, "hex")))).toBe(r + high);
    const short = "33".repeat(31);
    expect(hex(rawSignature(Buffer.from(`30430220${r}021f${short}`, "hex")))).toBe(`${r}00${short}`);
  });

  test.each([
    ["", "nothing"],
    ["30", "no length"],
    [`31440220${r}0220${r}`, "another type"],
    [`30450220${r}0220${r}`, "a length that is too great"],
    [`30440220${r}0220${r}00`, "something behind it"],
    [`30450220${r}0220${r}00`, "something behind its numbers"],
    [`30440320${r}0220${r}`, "no number in it"],
    [`30240220${r}0200`, "a number without digits"],
    [`30450221${"11".repeat(33)}0220${r}`, "a number that is too long"],
    [`30220220${r}`, "one number alone"],
    [`302402ff${r}0220`, "a number longer than all of it"],
    [`3081440220${r}0220${r}`, "a length in its long form"],
  ])("is none where it has %s (%s)", (text) => {
    expect(rawSignature(Buffer.from(text, "hex"))).toBeUndefined();
  });
});

describe("where a key was found", () => {
  test("is shown without a query or fragment", () => {
    expect(shownUrl("https://github.com/o/r/blob/1/a.txt?x=1#L3")).toBe("https://github.com/o/r/blob/1/a.txt");
  });

  test.each([
    "",
    "nonsense",
    "http://example.com/",
    "javascript:alert(1)",
    "https://example.com/tg_live_abc",
    "https://example.com/TG%5Flive%5fabc",
    `https://example.com/${"a".repeat(500)}`,
  ])("is not shown where it is %j", (url) => {
    expect(shownUrl(url)).toBeUndefined();
  });
});
