import { evictDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import type { AccessRequest, Admission, InferRequest } from "../../src/admission/admission.rules.ts";
import { sha256 } from "../../src/shared/sha256.ts";
import { cellOf, inferRequest, settlementOf } from "../support/cell.ts";
import { withStoppedClock } from "../support/clock.ts";
import { deploy } from "../support/models.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

const LEASE_MS = 2 * 60_000;
const ANSWER = { status: 201, headers: {}, body: new Uint8Array([1, 2, 3]) };

function accessRequest(tenant: TestTenant, leaseMs?: number): AccessRequest {
  return {
    kind: "access",
    credential: { kind: "key", hash: sha256(tenant.key) },
    address: "",
    origin: undefined,
    endpoint: "write",
    model: undefined,
    anyScope: ["models:write"],
    idempotency: {
      key: "order-1",
      route: "POST /v1/models",
      fingerprint: "payload",
      ...(leaseMs !== undefined && { leaseMs }),
    },
  };
}

async function ask(tenant: TestTenant, leaseMs?: number): Promise<Admission | undefined> {
  const [admission] = await cellOf(tenant).admit([accessRequest(tenant, leaseMs)]);
  return admission;
}

function requireClaim(admission: Admission | undefined) {
  const claim = admission?.kind === "granted" ? admission.claim : undefined;
  if (!claim) throw new Error(`No key was taken: ${JSON.stringify(admission)}.`);
  return claim;
}

describe("a key that a request without an inference holds", () => {
  test("is taken over when its lease is over; the first holder can then neither free it nor answer for it", async () => {
    await withStoppedClock("2030-01-01T00:00:00Z", async (clock) => {
      const tenant = await newTenant();
      const cell = cellOf(tenant);
      const first = requireClaim(await ask(tenant));
      clock.advanceMs(LEASE_MS - 1);
      expect((await ask(tenant))?.kind).toBe("idempotency-in-flight");
      clock.advanceMs(1);
      const second = requireClaim(await ask(tenant));
      await cell.conclude({ ...first, answer: undefined });
      await cell.conclude({ ...first, answer: { ...ANSWER, status: 400 } });
      expect((await ask(tenant))?.kind).toBe("idempotency-in-flight");
      await cell.conclude({ ...second, answer: ANSWER });
      await evictDurableObject(cell);
      expect(await ask(tenant)).toEqual({ kind: "repeated", entryId: second.entryId, answer: ANSWER });
    });
  });

  test("is held as long as the request asks for", async () => {
    await withStoppedClock("2030-01-01T00:00:00Z", async (clock) => {
      const tenant = await newTenant();
      requireClaim(await ask(tenant, 10 * LEASE_MS));
      clock.advanceMs(10 * LEASE_MS - 1);
      expect((await ask(tenant))?.kind).toBe("idempotency-in-flight");
      clock.advanceMs(1);
      requireClaim(await ask(tenant));
    });
  });

  test("is free at once when its request ended without an answer to keep", async () => {
    const tenant = await newTenant();
    const first = requireClaim(await ask(tenant));
    await cellOf(tenant).conclude({ ...first, answer: undefined });
    expect(requireClaim(await ask(tenant)).entryId).not.toBe(first.entryId);
  });
});

describe("a key of an inference whose answer was lost", () => {
  test("lets the one that runs again ask twice, as when the cell breaks off before it answers, and nobody else meanwhile", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const cell = cellOf(tenant);
    const inferOnce = async (request: InferRequest) => (await cell.admit([request]))[0];
    const first = inferRequest(tenant, "m", "order-1");
    await inferOnce(first);
    await cell.settle([settlementOf(first.entryId)]);
    const again = inferRequest(tenant, "m", "order-1");
    const admitted = { kind: "admitted", replayed: true, entryId: first.entryId };
    expect(await inferOnce(again)).toMatchObject(admitted);
    await evictDurableObject(cell);
    expect(await inferOnce(again)).toMatchObject(admitted);
    expect((await inferOnce(inferRequest(tenant, "m", "order-1")))?.kind).toBe("idempotency-in-flight");
  });
});
