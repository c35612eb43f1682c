import { describe, expect, test } from "vitest";
import { expectProblem } from "../support/problem.ts";
import { call, newTenant } from "../support/tenant.ts";

const KIB = 1024;

describe("a request's headers", () => {
  test("may be 32 KiB together, and not a byte more", async () => {
    // "x-large: …\r\n" takes 11 bytes beside its value
    const fits = await call("GET", "/v2", { headers: { "X-Large": "a".repeat(32 * KIB - 11) } });
    expect(fits.status).toBe(200);
    const refused = await call("GET", "/v2", { headers: { "X-Large": "a".repeat(32 * KIB - 10) } });
    expect(await expectProblem(refused, 431, "headers-too-large")).toMatchObject({ max_bytes: 32 * KIB });
  });

  test("count together, whichever is large", async () => {
    const headers = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`X-${index}`, "a".repeat(KIB)]));
    await expectProblem(await call("GET", "/v2", { headers }), 431, "headers-too-large");
  });

  test("may have 8 KiB of cookies, and not a byte more", async () => {
    expect((await call("GET", "/v2", { headers: { Cookie: `a=${"b".repeat(8 * KIB - 2)}` } })).status).toBe(200);
    const refused = await call("GET", "/v2", { headers: { Cookie: `a=${"b".repeat(8 * KIB - 1)}` } });
    expect(await expectProblem(refused, 431, "headers-too-large")).toMatchObject({
      field: "Cookie",
      max_bytes: 8 * KIB,
    });
  });

  test("that are too large are refused before anybody is asked who calls", async () => {
    const tenant = await newTenant();
    const headers = { Authorization: `Bearer ${tenant.key}${"0".repeat(33 * KIB)}` };
    await expectProblem(await call("GET", "/v1/models", { headers }), 431, "headers-too-large");
  });
});
