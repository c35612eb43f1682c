import { env } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { sha256 } from "../../src/shared/sha256.ts";
import type { Admission, InferRequest } from "../../src/admission/admission.rules.ts";
import { type EntryId, newId } from "../../src/shared/ids.ts";
import type { Settlement } from "../../src/usage/ledger.rules.ts";
import type { TenantCell } from "../../durable-objects/tenant-cell.ts";
import type { TestTenant } from "./tenant.ts";

/** The stub of a tenant's cell. */
export function cellOf(tenant: TestTenant): DurableObjectStub<TenantCell> {
  return env.TENANT_CELL.getByName(tenant.id);
}

/** Have a tenant's cell forget what is in its memory, whether it runs just now or not: one that does not can't be evicted. */
export async function evictCell(tenant: TestTenant): Promise<void> {
  const cell = cellOf(tenant);
  await runInDurableObject(cell, () => undefined);
  await evictDurableObject(cell);
}

/** An inference as the Worker asks the cell for it. */
export function inferRequest(tenant: TestTenant, model: string, idempotencyKey?: string): InferRequest {
  const idempotency =
    idempotencyKey === undefined
      ? undefined
      : { key: idempotencyKey, route: "POST /infer", fingerprint: "same payload" };
  return {
    kind: "infer",
    entryId: newId("ent", Date.now()),
    credential: { kind: "key", hash: sha256(tenant.key) },
    address: "",
    origin: undefined,
    bytesIn: 0,
    model,
    version: undefined,
    routingKey: undefined,
    idempotency,
  };
}

/** How an inference ended: well, after 5 ms, unless something else is said. */
export function settlementOf(entryId: EntryId, changed: Partial<Settlement> = {}): Settlement {
  return {
    entryId,
    outcome: "ok",
    reason: undefined,
    computeMs: 5,
    queueMicros: 100,
    computeMicros: 4_900,
    isColdStart: false,
    bytesIn: 10,
    bytesOut: 20,
    ...changed,
  };
}

/** What the rows of one entry of a cell's ledger come to. */
export type LedgerLine = {
  id: string;
  model: string;
  version: number;
  units: number;
  outcome: string;
  compute_ms: number;
  bytes_in: number;
  bytes_out: number;
  idempotency_key: string | null;
};

/** Everything in a tenant's ledger, read from the cell's own database. */
export async function readLedger(tenant: TestTenant): Promise<LedgerLine[]> {
  return await runInDurableObject(cellOf(tenant), (_cell, state) =>
    state.storage.sql
      .exec<LedgerLine>(
        `SELECT entry_id AS id, model, version, sum(units) AS units, max(compute_ms) AS compute_ms, max(bytes_in) AS bytes_in,
                max(bytes_out) AS bytes_out, idempotency_key,
                coalesce(max(outcome) FILTER (WHERE kind = 'settlement'), 'pending') AS outcome
         FROM ledger_rows GROUP BY entry_id ORDER BY min(seq)`,
      )
      .toArray(),
  );
}

/** The answer of an inference that was admitted. */
export function requireAdmitted(answer: Admission | undefined) {
  if (answer?.kind !== "admitted") throw new Error(`Expected an admission, got ${JSON.stringify(answer)}.`);
  return answer;
}
