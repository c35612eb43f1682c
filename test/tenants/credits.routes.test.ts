import { evictDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { cellOf } from "../support/cell.ts";
import { callToTheEnd } from "../support/direct.ts";
import { addOneRequest, deploy } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { type TestTenant, callAsOperator, newTenant } from "../support/tenant.ts";

async function grant(tenant: Pick<TestTenant, "id">, key: string | undefined, json: unknown): Promise<Response> {
  const headers = key === undefined ? {} : { "Idempotency-Key": key };
  return await callAsOperator("POST", `/admin/tenants/${tenant.id}/credits`, { json, headers });
}

/** A tenant that pays 100 micro-dollars for each inference, in advance. */
async function prepaidTenant(): Promise<TestTenant> {
  const tenant = await newTenant();
  await deploy(tenant, "m");
  await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { overrides: { prepaid: true } } });
  return tenant;
}

async function infer(tenant: TestTenant): Promise<Response> {
  return await callToTheEnd(tenant, "POST", "/v2/models/m/infer", { json: addOneRequest });
}

async function answeredInferences(tenant: TestTenant): Promise<number> {
  for (let answered = 0; ; answered++) {
    const response = await infer(tenant);
    if (response.status === 402) return answered;
    expect(response.status).toBe(200);
  }
}

describe("credit that is granted", () => {
  test("pays for the very next calls, and for no more than it is worth", async () => {
    const tenant = await prepaidTenant();
    await expectProblem(await infer(tenant), 402, "credits-exhausted");
    const granted = await grant(tenant, '"invoice-1"', { amount_micro_usd: 350, reason: "Invoice 1" });
    expect(granted.status).toBe(200);
    expect(await granted.json()).toEqual({
      id: "invoice-1",
      amount_micro_usd: 350,
      reason: "Invoice 1",
      created_at: expect.stringMatching(/Z$/),
    });
    expect(await answeredInferences(tenant)).toBe(3); // 3 · 100 of 350
  });

  test("adds up, and outlives the eviction of the cell", async () => {
    const tenant = await prepaidTenant();
    await grant(tenant, '"invoice-1"', { amount_micro_usd: 150 });
    await grant(tenant, '"invoice-2"', { amount_micro_usd: 150 });
    await evictDurableObject(cellOf(tenant));
    expect(await answeredInferences(tenant)).toBe(3); // 3 · 100 of 300
  });

  test("counts once, however often the call is repeated, and every repetition has the same answer", async () => {
    const tenant = await prepaidTenant();
    const first = await grant(tenant, '"invoice-1"', { amount_micro_usd: 100 });
    const again = await grant(tenant, "invoice-1", { amount_micro_usd: 100, reason: null });
    expect(again.status).toBe(200);
    expect(await again.json()).toEqual(await first.json());
    expect(await answeredInferences(tenant)).toBe(1);
  });

  test("is another tenant's under another tenant's key of the same name", async () => {
    const [tenant, other] = [await prepaidTenant(), await prepaidTenant()];
    await grant(tenant, '"invoice-1"', { amount_micro_usd: 100 });
    expect((await grant(other, '"invoice-1"', { amount_micro_usd: 200 })).status).toBe(200);
    expect(await answeredInferences(other)).toBe(2);
    expect(await answeredInferences(tenant)).toBe(1);
  });
});

describe("a grant is refused, and nothing granted,", () => {
  test("when its key was used for another amount or reason", async () => {
    const tenant = await prepaidTenant();
    await grant(tenant, '"invoice-1"', { amount_micro_usd: 100, reason: "a" });
    for (const other of [{ amount_micro_usd: 200, reason: "a" }, { amount_micro_usd: 100 }]) {
      await expectProblem(await grant(tenant, '"invoice-1"', other), 422, "idempotency-mismatch");
    }
    expect(await answeredInferences(tenant)).toBe(1);
  });

  test.each([
    [undefined, { amount_micro_usd: 1 }, /idempotency-key/i],
    ["", { amount_micro_usd: 1 }, /idempotency-key/i],
    ['"open', { amount_micro_usd: 1 }, /Idempotency-Key/],
    ['"k"', {}, /^amount_micro_usd/],
    ['"k"', { amount_micro_usd: 0 }, /^amount_micro_usd/],
    ['"k"', { amount_micro_usd: -1 }, /^amount_micro_usd/],
    ['"k"', { amount_micro_usd: 0.5 }, /^amount_micro_usd/],
    ['"k"', { amount_micro_usd: 2 ** 53 }, /^amount_micro_usd/],
    ['"k"', { amount_micro_usd: 1, reason: "x".repeat(501) }, /^reason/],
    ['"k"', { amount_micro_usd: 1, currency: "EUR" }, /^body/],
  ])("with the key %j and %j", async (key, json, detail) => {
    const tenant = await newTenant();
    const problem = await expectProblem(await grant(tenant, key, json), 400, "invalid-request");
    expect(problem.detail).toMatch(detail);
  });

  test.each(["ten_00000000000000000000000000", "nonsense"])("to the tenant %s, which does not exist", async (id) => {
    const response = await grant({ id: id as TestTenant["id"] }, '"k"', { amount_micro_usd: 1 });
    await expectProblem(response, 404, "tenant-not-found");
  });
});
