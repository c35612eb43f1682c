/** The ledger's hash chain, worked out anew from what a row says. */
import { createHash } from "node:crypto";

import type { LedgerRow } from "./ledger.ts";

/**
 * What is wrong with a row in its place; undefined where it follows from the one before.
 *
 * Its number is the next one, it names the hash of the row before (the first names that of its tenant), and its own hash is
 * that of its values: base64url(SHA-256(JSON array of them, in the order of src/usage/chain.rules.ts)).
 */
export function brokenLink(tenantId: string, row: LedgerRow, before: LedgerRow | undefined): string | undefined {
  if (row.seq !== (before?.seq ?? 0) + 1) return `row ${row.seq} follows row ${before?.seq ?? 0}`;
  if (row.previousHash !== (before?.hash ?? rootHash(tenantId))) return `row ${row.seq} names another row before it`;
  return row.hash === hashOf(row) ? undefined : `row ${row.seq} was changed`;
}

/** What the first row of a tenant names. */
export function rootHash(tenantId: string): string {
  return sha256(`tensorgate-ledger ${tenantId}`);
}

/** The hash that a row must have. */
export function hashOf(row: Omit<LedgerRow, "hash">): string {
  const { seq, kind, entryId, atMs, keyId, modelId, model, versionId, version, runtime } = row;
  const { units, rateMicroUsd, costMicroUsd, outcome, computeMs, bytesIn, bytesOut, idempotencyKey, previousHash } =
    row;
  const who = [seq, kind, entryId, atMs, keyId, modelId, model, versionId, version, runtime];
  const what = [units, rateMicroUsd, costMicroUsd, outcome, computeMs, bytesIn, bytesOut, idempotencyKey, previousHash];
  return sha256(JSON.stringify([...who, ...what]));
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
