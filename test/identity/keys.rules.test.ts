import { describe, expect, test } from "vitest";
import { newApiKey, parseApiKey } from "../../src/identity/keys.rules.ts";
import { BASE32, newId, newTenantId } from "../../src/shared/ids.ts";

const tenantId = newId("ten", 1_795_000_000_000);

describe("an API key", () => {
  test("is tg_, its mode, the tenant's id without its prefix, 32 random characters and 7 of checksum", () => {
    // 26 + 32 + 7 = 65 characters of Crockford's base 32, which has no i, l, o, u.
    expect(newApiKey(tenantId, "live")).toMatch(/^tg_live_[0-9a-hjkmnp-tv-z]{65}$/);
    expect(newApiKey(tenantId, "test")).toMatch(/^tg_test_[0-9a-hjkmnp-tv-z]{65}$/);
    expect(newApiKey(tenantId, "live").slice(8, 34)).toBe(tenantId.slice(4));
  });

  test("says its tenant and its mode to whoever reads it", () => {
    expect(parseApiKey(newApiKey(tenantId, "live"))).toEqual({ mode: "live", tenantId });
    expect(parseApiKey(newApiKey(tenantId, "test"))).toEqual({ mode: "test", tenantId });
  });

  test("carries the jurisdiction of its tenant, and the checksum guards it like the rest", () => {
    const european = newTenantId(1_795_000_000_000, "eu");
    const key = newApiKey(european, "live");
    expect(key).toMatch(/^tg_live_eu_[0-9a-hjkmnp-tv-z]{65}$/);
    expect(parseApiKey(key)).toEqual({ mode: "live", tenantId: european });
    expect(parseApiKey(key.replace("_eu_", "_"))).toBeUndefined();
    expect(parseApiKey(newApiKey(tenantId, "live").replace("tg_live_", "tg_live_eu_"))).toBeUndefined();
  });

  test("has 160 random bits: 32 characters, each of which takes all 32 values", () => {
    // 32 characters · 5 bits = 160. Among 2,000 keys a value is missing at one place with probability (31/32)^2000 < 1e-27.
    const secrets = Array.from({ length: 2_000 }, () => newApiKey(tenantId, "live").slice(34, 66));
    for (let place = 0; place < 32; place++) {
      expect(new Set(secrets.map((secret) => secret[place])).size, `place ${place}`).toBe(32);
    }
    expect(new Set(secrets).size).toBe(2_000);
  });

  test("ends in the CRC-32 of all before it, as 7 characters of base 32", () => {
    // CRC-32 of "tg_live_" + 58 zeros is 0x8ba17968 by Python's zlib.crc32. In 7 groups of 5 bits, zeros before it:
    // 00010 00101 11010 00010 11110 01011 01000 → 2 5 26 2 30 11 8 → "25t2yb8".
    const unsigned = `tg_live_${"0".repeat(58)}`;
    expect(parseApiKey(`${unsigned}25t2yb8`)).toEqual({ mode: "live", tenantId: `ten_${"0".repeat(26)}` });
  });

  test("is refused after any one of its characters was changed to any other", () => {
    const key = newApiKey(tenantId, "live");
    for (let place = 0; place < key.length; place++) {
      for (const other of `${BASE32}_iloA `) {
        if (other === key[place]) continue;
        const mistyped = key.slice(0, place) + other + key.slice(place + 1);
        expect(parseApiKey(mistyped), `${other} at ${place}`).toBeUndefined();
      }
    }
  });

  test("is refused after two neighbours changed places", () => {
    const key = newApiKey(tenantId, "test");
    for (let place = 0; place < key.length - 1; place++) {
      const [one, other] = [key.charAt(place), key.charAt(place + 1)];
      if (one === other) continue;
      const swapped = key.slice(0, place) + other + one + key.slice(place + 2);
      expect(parseApiKey(swapped), `at ${place}`).toBeUndefined();
    }
  });

  test("is refused when it was cut short at either end or has more around it", () => {
    const key = newApiKey(tenantId, "live");
    for (let length = 0; length < key.length; length++) expect(parseApiKey(key.slice(0, length))).toBeUndefined();
    for (const text of [key.slice(1), ` ${key}`, `${key} `, `${key}\n`, key + key, key.toUpperCase()]) {
      expect(parseApiKey(text), JSON.stringify(text)).toBeUndefined();
    }
  });
});
