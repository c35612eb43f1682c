import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import type { AdmissionRequest } from "../../src/admission/admission.rules.ts";
import { type ClientId, newId } from "../../src/shared/ids.ts";
import { cellOf } from "../support/cell.ts";
import { withStoppedClock } from "../support/clock.ts";
import { newTenant } from "../support/tenant.ts";

const FOREVER_MS = Number.MAX_SAFE_INTEGER;

/** A request with a token of this client, issued now. */
function requestOf(callerId: ClientId): AdmissionRequest {
  const credential = {
    kind: "token",
    issuedAtMs: Date.now(),
    expiresAtMs: Infinity,
    callerId,
    scopes: [],
    subjects: { client: callerId },
  } as const;
  return {
    kind: "access",
    credential,
    address: "",
    origin: undefined,
    endpoint: "read",
    anyScope: [],
    model: undefined,
    idempotency: undefined,
  };
}

test("what voids tokens is kept through evictions, and forgotten when no token of then can hold; what voids keys stays", async () => {
  await withStoppedClock("2030-01-01T00:00:00Z", async (clock) => {
    const tenant = await newTenant();
    const cell = cellOf(tenant);
    const clientId = newId("cli", Date.now());
    const kindOf = async () => (await cell.admit([requestOf(clientId)]))[0]?.kind;
    await cell.refuseBefore("client", clientId, FOREVER_MS);
    await cell.refuseBefore("tenant", "", 1);
    await evictDurableObject(cell);
    expect(await kindOf()).toBe("credential-void");
    clock.advanceMs(3_600_000);
    await runDurableObjectAlarm(cell);
    expect(await kindOf()).toBe("insufficient-scope");
    const left = await runInDurableObject(cell, (_cell, { storage }) =>
      storage.sql.exec("SELECT subject FROM epochs").toArray(),
    );
    expect(left).toEqual([{ subject: "tenant " }]);
  });
});

test("an alarm that is set is not set again by every call", async () => {
  const tenant = await newTenant();
  const cell = cellOf(tenant);
  await cell.refuseBefore("client", newId("cli", Date.now()), FOREVER_MS); // leaves a chore for in an hour
  const set = await runInDurableObject(cell, async (instance, { storage }) => {
    const setAlarm = vi.spyOn(storage, "setAlarm");
    for (let call = 0; call < 10; call++) await instance.admit([requestOf(newId("cli", Date.now()))]);
    return setAlarm.mock.calls.length;
  });
  expect(set).toBe(0);
});
