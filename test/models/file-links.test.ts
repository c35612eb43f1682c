import { describe, expect, test } from "vitest";
import { fileLink, readFileLink } from "../../src/models/file-links.ts";
import { derivedKey } from "../../src/shared/derived-keys.ts";

const key = derivedKey("a master key", "file links");
const objectKey = "tenants/ten_1/models/mdl_1/ver_1.onnx";
const tokenOf = (link: string): string => link.slice("/files/".length);

describe("a link to a file", () => {
  test("leads to its file from the moment that it is made, and for a minute at least", () => {
    for (const nowMs of [0, 1, 59_999, 60_000, 1_790_000_000_123]) {
      const token = tokenOf(fileLink(key, objectKey, nowMs));
      expect(readFileLink(key, token, nowMs)).toBe(objectKey);
      expect(readFileLink(key, token, nowMs + 60_000 - 1)).toBe(objectKey);
    }
  });

  test("is over after two minutes at the most", () => {
    for (const nowMs of [1, 59_999, 60_000]) {
      expect(readFileLink(key, tokenOf(fileLink(key, objectKey, nowMs)), nowMs + 120_000)).toBeUndefined();
    }
  });

  test("leads nowhere with another file, another time, another key, or a part missing", () => {
    const token = tokenOf(fileLink(key, objectKey, 0));
    const [encoded = "", expiry = "", signature = ""] = token.split(".");
    const other = Buffer.from("tenants/ten_2/models/mdl_1/ver_1.onnx").toString("base64url");
    for (const forged of [
      `${other}.${expiry}.${signature}`,
      `${encoded}.${Number(expiry) + 60_000}.${signature}`,
      `${encoded}.${expiry}.${signature.slice(1)}`,
      `${encoded}.${expiry}.`,
      `${encoded}.${expiry}`,
      "",
      "..",
    ]) {
      expect(readFileLink(key, forged, 0), forged).toBeUndefined();
    }
    expect(readFileLink(derivedKey("another master key", "file links"), token, 0)).toBeUndefined();
    expect(readFileLink(derivedKey("a master key", "container"), token, 0)).toBeUndefined();
  });
});
