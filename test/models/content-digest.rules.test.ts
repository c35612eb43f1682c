import { describe, expect, test } from "vitest";
import { promisedSha256 } from "../../src/models/content-digest.rules.ts";

// SHA-256 of nothing at all, in base64.
const EMPTY = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

describe("the SHA-256 of a Content-Digest", () => {
  test.each([
    ["alone", `sha-256=:${EMPTY}:`],
    ["beside another algorithm", `sha-512=:YWJj:, sha-256=:${EMPTY}:`],
    ["before another algorithm", `sha-256=:${EMPTY}:,sha-512=:YWJj:`],
    ["with its name in upper case", `SHA-256=:${EMPTY}:`],
    ["between spaces", `  sha-256=:${EMPTY}:  `],
  ])("is read when it stands %s", (_how, header) => {
    expect(promisedSha256(header)).toEqual({ base64: EMPTY });
  });

  test.each([
    ["no header", undefined],
    ["an empty header", ""],
    ["another algorithm", "sha-512=:YWJj:"],
    ["an algorithm of a similar name", `xsha-256=:${EMPTY}:`],
  ])("is absent with %s", (_what, header) => {
    expect(promisedSha256(header)).toBe("absent");
  });

  test.each([
    ["hexadecimal", "sha-256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["base64 without its colons", `sha-256=${EMPTY}`],
    ["31 bytes", `sha-256=:${"A".repeat(42)}==:`],
    ["33 bytes", `sha-256=:${"A".repeat(44)}:`],
    ["the URL's base64", `sha-256=:${EMPTY.replace("+", "-").replace("/", "_")}:`],
    ["nothing", "sha-256=::"],
    ["space around its sign", `sha-256 = :${EMPTY}:`],
  ])("is malformed as %s", (_what, header) => {
    expect(promisedSha256(header)).toBe("malformed");
  });
});
