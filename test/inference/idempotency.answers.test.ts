import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { cellOf, inferRequest, readLedger, requireAdmitted, settlementOf } from "../support/cell.ts";
import { withStoppedClock } from "../support/clock.ts";
import { callToTheEnd } from "../support/direct.ts";
import { cellsWithout, filesWithoutPut } from "../support/faulty.ts";
import { addModel, addOneRequest, deploy, identityModel, upload } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { storedObjects } from "../support/registry.ts";
import { slowIsolates } from "../support/slow-isolates.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

const START = "2030-01-01T00:00:00Z";
const DAY_MS = 24 * 3_600_000;
/** Longer than the lease of an inference of the standard plan. */
const LEASE_MS = 5 * 60_000;

/** 20,000 numbers: over 64 KiB in JSON. */
const largeRequest = {
  inputs: [{ name: "x", shape: [20_000], datatype: "FP32", data: Array.from({ length: 20_000 }, (_, n) => n) }],
};

async function infer(
  tenant: TestTenant,
  json: unknown = addOneRequest,
  bindings: Partial<Env> = {},
): Promise<Response> {
  const headers = { "Idempotency-Key": '"order-1"' };
  return await callToTheEnd(tenant, "POST", "/v2/models/m/infer", { json, headers, bindings });
}

async function tenantWith(model = addModel(1)): Promise<TestTenant> {
  const tenant = await newTenant();
  await deploy(tenant, "m", model);
  return tenant;
}

/** What is to be the same when an answer is given again. */
async function contentOf(response: Response): Promise<unknown> {
  const { status, headers } = response;
  const told = ["Content-Type", "Content-Length", "Tensorgate-Entry", "Tensorgate-Receipt"].map((name) =>
    headers.get(name),
  );
  return [status, ...told, await response.text()];
}

async function keptObjects(tenant: TestTenant): Promise<string[]> {
  return (await storedObjects(tenant)).filter((key) => key.includes("/answers/"));
}

async function claims(tenant: TestTenant): Promise<number> {
  return await runInDurableObject(cellOf(tenant), (_cell, { storage }) => {
    return storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM claims").one().n;
  });
}

async function units(tenant: TestTenant): Promise<[charged: number, entries: number]> {
  const ledger = await readLedger(tenant);
  return [ledger.reduce((sum, line) => sum + line.units, 0), ledger.length];
}

async function expectReplayed(response: Response, content: unknown): Promise<void> {
  expect(response.headers.get("Idempotent-Replayed")).toBe("true");
  expect(await contentOf(response)).toEqual(content);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("an answer is given again, byte for byte,", () => {
  test.each([
    [
      "after another version became production and the first was retired",
      async (tenant: TestTenant) => {
        await upload(tenant, "m", addModel(20));
        await tenant.call("PUT", "/v1/models/m/aliases/production", { json: { version: 2 } });
        expect((await tenant.call("POST", "/v1/models/m/versions/1/retire")).status).toBe(200);
      },
    ],
    [
      "after its model was unloaded",
      async (tenant: TestTenant) => tenant.call("POST", "/v2/repository/models/m/unload"),
    ],
    ["after its model was deleted", async (tenant: TestTenant) => tenant.call("DELETE", "/v1/models/m")],
    ["after the cell was evicted", async (tenant: TestTenant) => evictDurableObject(cellOf(tenant))],
  ])("%s", async (_when, change) => {
    const tenant = await tenantWith();
    const content = await contentOf(await infer(tenant));
    await change(tenant);
    await expectReplayed(await infer(tenant), content);
    expect(await units(tenant)).toEqual([1, 1]);
  });

  test("when it is too large for the cell: from R2, after an eviction too", async () => {
    const tenant = await tenantWith(identityModel("FP32"));
    const content = await contentOf(await infer(tenant, largeRequest));
    expect(await keptObjects(tenant)).toHaveLength(1);
    await evictDurableObject(cellOf(tenant));
    await expectReplayed(await infer(tenant, largeRequest), content);
    expect(await units(tenant)).toEqual([1, 1]);
  });
});

test("a key whose model is gone is still another request's key: 422, not 404", async () => {
  const tenant = await tenantWith();
  await infer(tenant);
  await tenant.call("DELETE", "/v1/models/m");
  await expectProblem(await infer(tenant, largeRequest), 422, "idempotency-mismatch");
});

describe("after 24 hours", () => {
  test("the alarm removes the key, with what R2 has of its answer, and not a moment before", async () => {
    await withStoppedClock(START, async (clock) => {
      const tenant = await tenantWith(identityModel("FP32"));
      await infer(tenant, largeRequest);
      clock.advanceMs(DAY_MS - 1);
      await runDurableObjectAlarm(cellOf(tenant));
      expect([await claims(tenant), (await keptObjects(tenant)).length]).toEqual([1, 1]);
      clock.advanceMs(1);
      await runDurableObjectAlarm(cellOf(tenant));
      expect([await claims(tenant), (await keptObjects(tenant)).length]).toEqual([0, 0]);
    });
  });

  test("the key stands for a new request, which is charged, even where the alarm is late; R2 keeps the new answer alone", async () => {
    await withStoppedClock(START, async (clock) => {
      const tenant = await tenantWith(identityModel("FP32"));
      await infer(tenant, largeRequest);
      clock.advanceMs(DAY_MS - 1);
      expect((await infer(tenant, largeRequest)).headers.get("Idempotent-Replayed")).toBe("true");
      clock.advanceMs(1);
      const anew = await infer(tenant, largeRequest);
      expect([anew.status, anew.headers.has("Idempotent-Replayed")]).toEqual([200, false]);
      expect(await units(tenant)).toEqual([2, 2]);
      await runDurableObjectAlarm(cellOf(tenant));
      expect(await keptObjects(tenant)).toHaveLength(1);
      await expectReplayed(await infer(tenant, largeRequest), await contentOf(anew));
    });
  });
});

describe("a request whose holder died", () => {
  /** The answer was lost on the way to the cell, and its lease has ended since. */
  async function withDeadHolder(run: (tenant: TestTenant) => Promise<void>): Promise<void> {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    await withStoppedClock(START, async (clock) => {
      const tenant = await tenantWith();
      await infer(tenant, addOneRequest, { TENANT_CELL: cellsWithout("settle") });
      await expectProblem(await infer(tenant), 409, "idempotency-in-flight");
      clock.advanceMs(LEASE_MS);
      await run(tenant);
    });
  }

  test("runs again when it is repeated, at no charge, and what it is answered then is kept", async () => {
    await withDeadHolder(async (tenant) => {
      const again = await infer(tenant);
      expect([again.status, again.headers.get("Idempotent-Replayed")]).toEqual([200, "true"]);
      const content = await contentOf(again);
      await tenant.call("DELETE", "/v1/models/m"); // so that nothing could answer but what is kept
      await expectReplayed(await infer(tenant), content);
      expect(await readLedger(tenant)).toMatchObject([{ units: 1, outcome: "unsettled" }]);
    });
  });

  test("runs again once, however many repeat it at a time", async () => {
    await withDeadHolder(async (tenant) => {
      const { loader, reached, release } = slowIsolates();
      const again = infer(tenant, addOneRequest, { LOADER: loader });
      await reached;
      await expectProblem(await infer(tenant), 409, "idempotency-in-flight");
      release();
      const content = await contentOf(await again);
      await expectReplayed(await infer(tenant), content);
      expect(await units(tenant)).toEqual([1, 1]);
    });
  });

  test("is 404 when its model is gone, because there is no answer to give", async () => {
    await withDeadHolder(async (tenant) => {
      await tenant.call("DELETE", "/v1/models/m");
      await expectProblem(await infer(tenant), 404, "model-not-found");
    });
  });
});

describe("what R2 has of answers", () => {
  test("is one for a key, though a holder came back after its lease: its own is removed, and the kept one stays", async () => {
    await withStoppedClock(START, async (clock) => {
      const tenant = await tenantWith(identityModel("FP32"));
      const { loader, reached, release } = slowIsolates();
      const late = infer(tenant, largeRequest, { LOADER: loader });
      await reached;
      clock.advanceMs(LEASE_MS);
      const content = await contentOf(await infer(tenant, largeRequest));
      const kept = await keptObjects(tenant);
      release();
      expect((await late).status).toBe(200);
      expect(await keptObjects(tenant)).toHaveLength(2);
      await runDurableObjectAlarm(cellOf(tenant));
      expect(await keptObjects(tenant)).toEqual(kept);
      await expectReplayed(await infer(tenant, largeRequest), content);
      expect(await units(tenant)).toEqual([1, 1]);
    });
  });

  test("stays when its settlement is told twice", async () => {
    const tenant = await tenantWith();
    const [admitted] = await cellOf(tenant).admit([inferRequest(tenant, "m", "order-1")]);
    const { entryId } = requireAdmitted(admitted);
    const answer = { status: 200, headers: {}, body: { objectKey: "tenants/t/answers/a" } };
    const ended = { ...settlementOf(entryId), claimId: "POST /infer order-1", answer };
    await cellOf(tenant).settle([ended]);
    await cellOf(tenant).settle([ended]);
    expect(await claims(tenant)).toBe(1);
  });
});

describe("an answer that can't be kept is given all the same, and its fault is logged", () => {
  test("when R2 fails: it is charged once, and its repetition runs again at no charge", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const tenant = await tenantWith(identityModel("FP32"));
    const first = await infer(tenant, largeRequest, { MODELS: filesWithoutPut() });
    expect(first.status).toBe(200);
    expect(JSON.stringify(log.mock.calls)).toContain("is settled late");
    const again = await infer(tenant, largeRequest);
    expect(again.headers.get("Tensorgate-Entry")).toBe(first.headers.get("Tensorgate-Entry"));
    expect(await again.text()).toBe(await first.text());
    expect(await keptObjects(tenant)).toHaveLength(1);
    expect(await readLedger(tenant)).toMatchObject([{ units: 1, outcome: "ok" }]);
  });

  test("when the cell fails: it is charged, and a repetition waits until the lease ends", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const tenant = await tenantWith();
    const first = await infer(tenant, addOneRequest, { TENANT_CELL: cellsWithout("settle") });
    expect(await first.json()).toMatchObject({ outputs: [{ data: [2, 3] }] });
    expect(JSON.stringify(log.mock.calls)).toContain("is settled late");
    await expectProblem(await infer(tenant), 409, "idempotency-in-flight");
    expect(await units(tenant)).toEqual([1, 1]);
  });
});
