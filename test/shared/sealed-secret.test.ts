import { describe, expect, test } from "vitest";
import { derivedKey } from "../../src/shared/derived-keys.ts";
import { seal, unseal } from "../../src/shared/sealed-secret.ts";

const key = derivedKey("a master key", "backend credentials");

describe("a sealed secret", () => {
  test("is opened with its key, for its place, and shows nothing before", async () => {
    const sealed = await seal(key, "ten_1 https://a.example", "Bearer geheim");
    expect(JSON.stringify(sealed)).not.toContain("geheim");
    expect(await unseal(key, "ten_1 https://a.example", sealed)).toBe("Bearer geheim");
  });

  test("is never sealed the same way twice", async () => {
    const [one, other] = [await seal(key, "p", "s"), await seal(key, "p", "s")];
    expect(one.iv).not.toBe(other.iv);
    expect(one.ciphertext).not.toBe(other.ciphertext);
  });

  test("stays shut for another tenant, another server, another key, and when a bit of it is changed", async () => {
    const sealed = await seal(key, "ten_1 https://a.example", "Bearer geheim");
    await expect(unseal(key, "ten_2 https://a.example", sealed)).rejects.toThrow(/decrypt|operation/i);
    await expect(unseal(key, "ten_1 https://b.example", sealed)).rejects.toThrow(/decrypt|operation/i);
    const otherKey = derivedKey("another master key", "backend credentials");
    await expect(unseal(otherKey, "ten_1 https://a.example", sealed)).rejects.toThrow(/decrypt|operation/i);
    const bytes = Buffer.from(sealed.ciphertext, "base64url");
    bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
    const changed = { ...sealed, ciphertext: bytes.toString("base64url") };
    await expect(unseal(key, "ten_1 https://a.example", changed)).rejects.toThrow(/decrypt|operation/i);
  });
});
