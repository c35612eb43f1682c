import { describe, expect, test } from "vitest";
import type { Quota } from "../../src/admission/policies.rules.ts";
import { PLANS } from "../../src/tenants/plans.rules.ts";
import { type PolicyOverrides, type PolicySource, policyOf } from "../../src/tenants/policy.rules.ts";

function tenantOf(overrides: PolicyOverrides = {}, changed: Partial<PolicySource> = {}): PolicySource {
  return {
    plan: "free",
    overrides,
    policyVersion: 7,
    status: "active",
    burst: 5,
    ratePerSecond: 3,
    periodAnchorMs: 1_000,
    allowedIps: null,
    allowedOrigins: ["https://app.example.com"],
    notBeforeMs: 4_000,
    maxRunMs: 2_000,
    ...changed,
  };
}

function limitsOf(overrides: PolicyOverrides = {}) {
  return policyOf(tenantOf(overrides)).limits;
}

const daily: Quota = { name: "day", per: "key", unit: "bytes_in", window: "day", limit: 10, isSoft: false };
const inference = { name: "inference", per: "tenant", endpoint: "infer", burst: 5, ratePerSecond: 3 };

describe("a tenant's policy", () => {
  test("is its plan's, with the burst and rate of inferences that the tenant has", () => {
    const { limits, rates } = PLANS.free;
    const [, ...otherRates] = limits.rates;
    expect(policyOf(tenantOf())).toMatchObject({
      version: 7,
      status: "active",
      limits: { rates: [inference, ...otherRates], quotas: limits.quotas, concurrency: limits.concurrency },
      isPrepaid: false,
      rates,
      periodAnchorMs: 1_000,
      allowedIps: null,
      allowedOrigins: ["https://app.example.com"],
      notBeforeMs: 4_000,
      runLimitMs: 2_000,
      ledgerRetentionMs: 2_592_000_000, // 30 · 86,400,000
      maxListeners: 2,
    });
  });

  test("has the tenant's own prices, retention and listeners in the place of the plan's", () => {
    const own = { prices: { computeSecondMicroUsd: 9 }, ledgerRetentionDays: 1, maxListeners: 5, isPrepaid: true };
    expect(policyOf(tenantOf(own, { plan: "standard" }))).toMatchObject({
      rates: { inferenceMicroUsd: 100, computeSecondMicroUsd: 9 },
      ledgerRetentionMs: 86_400_000,
      maxListeners: 5,
      isPrepaid: true,
    });
  });
});

describe("a limit of a tenant's own", () => {
  test("stands beside the plan's", () => {
    expect(limitsOf({ quotas: [daily] }).quotas).toEqual([...PLANS.free.limits.quotas, daily]);
  });

  test("takes the place of the plan's of the same name", () => {
    const own = { ...daily, name: "compute-month" };
    expect(limitsOf({ quotas: [own] }).quotas).toEqual([PLANS.free.limits.quotas[0], own]);
    const rate = { ...inference, per: "key", endpoint: "infer", burst: 50 } as const;
    expect(limitsOf({ rates: [rate] }).rates.filter(({ name }) => name === "inference")).toEqual([rate]);
  });

  test("takes the place of one of another kind too: a name is given once", () => {
    const { rates, quotas } = limitsOf({ quotas: [{ ...daily, name: "inference" }] });
    expect(rates.map(({ name }) => name)).toEqual(["read", "write", "admin"]);
    expect(quotas).toContainEqual({ ...daily, name: "inference" });
  });

  test("is not taken away by the name of a plan's limit that is", () => {
    const { quotas, concurrency, rates } = limitsOf({
      quotas: [daily],
      without: ["inferences-month", "concurrency", "read"],
    });
    expect(quotas.map(({ name }) => name)).toEqual(["compute-month", "day"]);
    expect(concurrency).toEqual([]);
    expect(rates.map(({ name }) => name)).toEqual(["inference", "write", "admin"]);
  });
});

describe("a spend cap", () => {
  test.each([true, false])("is a quota of money in a billing period, soft: %s", (isSoft) => {
    const cap = { name: "spend-cap", per: "tenant", unit: "micro_usd", window: "period", limit: 250, isSoft };
    expect(limitsOf({ spendCap: { microUsd: 250, isSoft } }).quotas).toContainEqual(cap);
  });

  test("is none where it is null", () => {
    expect(limitsOf({ spendCap: null }).quotas).toEqual(PLANS.free.limits.quotas);
  });
});
