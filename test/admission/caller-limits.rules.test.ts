import { describe, expect, test } from "vitest";
import { limitsOfCaller } from "../../src/admission/caller-limits.rules.ts";
import type { Limits, Quota, RateLimit } from "../../src/admission/policies.rules.ts";

function rate(name: string, per: RateLimit["per"], burst: number): RateLimit {
  return { name, per, endpoint: "infer", burst, ratePerSecond: 1 };
}
function quota(name: string, per: Quota["per"], limit: number): Quota {
  return { name, per, unit: "inferences", window: "day", limit, isSoft: false };
}

const tenant: Limits = {
  rates: [rate("inference", "tenant", 100), rate("each-key", "key", 10)],
  quotas: [quota("day", "tenant", 1_000), quota("day-of-a-model", "model", 500)],
  concurrency: [{ name: "at-once", per: "tenant", limit: 8 }],
};
const nothing: Limits = { rates: [], quotas: [], concurrency: [] };
const postpaid = { limits: tenant, isPrepaid: false };

describe("what bounds a caller", () => {
  test("is what bounds the tenant, for a key without limits of its own", () => {
    expect(limitsOfCaller(postpaid, null, 0)).toEqual(tenant);
    expect(limitsOfCaller(postpaid, nothing, 0)).toEqual(tenant);
  });

  test("is both the tenant's limits and the key's", () => {
    const own = { ...nothing, quotas: [quota("mine", "key", 5)], concurrency: [{ name: "one", per: "key", limit: 1 }] };
    expect(limitsOfCaller(postpaid, own as Limits, 0)).toEqual({
      rates: tenant.rates,
      quotas: [...tenant.quotas, quota("mine", "key", 5)],
      concurrency: [...tenant.concurrency, { name: "one", per: "key", limit: 1 }],
    });
  });

  test("is another limit for this key in the place of the same name, where the tenant's counts per key", () => {
    const own = { ...nothing, rates: [rate("each-key", "key", 50)] };
    expect(limitsOfCaller(postpaid, own, 0).rates).toEqual([
      rate("inference", "tenant", 100),
      rate("each-key", "key", 50),
    ]);
  });

  test("is never less than what the tenant or a model shares: a key's limit of the same name stands beside it", () => {
    const own = {
      ...nothing,
      rates: [rate("inference", "key", 1_000_000)],
      quotas: [quota("day", "key", 1_000_000), quota("day-of-a-model", "key", 1_000_000)],
    };
    const both = limitsOfCaller(postpaid, own, 0);
    expect(both.rates).toEqual(expect.arrayContaining([...tenant.rates]));
    expect(both.quotas).toEqual(expect.arrayContaining([...tenant.quotas]));
  });

  test("is the credit too, where the tenant pays in advance", () => {
    const credit = { name: "credits", per: "tenant", unit: "micro_usd", window: "ever", limit: 250, isSoft: false };
    expect(limitsOfCaller({ ...postpaid, isPrepaid: true }, null, 250).quotas).toEqual([...tenant.quotas, credit]);
    expect(limitsOfCaller(postpaid, null, 250).quotas).toEqual(tenant.quotas);
  });
});
