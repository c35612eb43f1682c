import type { TenantId } from "../shared/ids.ts";
import { sha256 } from "../shared/sha256.ts";
import type { Delta, Outcome } from "./ledger.rules.ts";

/** What a row of the ledger records: an inference's charge, its settlement, or credit that was given. */
export const ROW_KINDS = ["charge", "settlement", "credit"] as const;
export type RowKind = (typeof ROW_KINDS)[number];

/** One row of the ledger, but for its place in the chain. Rows are only ever added. */
export interface LedgerEntry extends Delta {
  readonly kind: RowKind;
  /** The inference, or the grant of credit; a charge and its settlement have the same. */
  readonly entryId: string;
  /** When the row was written, ms since 1970. */
  readonly atMs: number;
  readonly keyId: string | null;
  readonly modelId: string | null;
  readonly model: string | null;
  readonly versionId: string | null;
  readonly version: number | null;
  readonly runtime: string | null;
  /** What a charge or a second of compute time cost on the day of the call, in micro-dollars. */
  readonly rateMicroUsd: number;
  readonly outcome: Outcome;
  readonly idempotencyKey: string | null;
}

/** A row in its place. */
export interface LedgerRow extends LedgerEntry {
  /** 1, 2, 3 …, without a gap. */
  readonly seq: number;
  /** The hash of the row before; of the first row, {@link genesisOf} its tenant. */
  readonly previousHash: string;
  readonly hash: string;
}

/** The last row of a chain, which the next one names. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

/** What the first row of a tenant's ledger names as the hash before it: a chain can't be given to another tenant. */
export function genesisOf(tenantId: TenantId): ChainHead {
  return { seq: 0, hash: sha256(`tensorgate-ledger ${tenantId}`) };
}

/**
 * The text of a row that is hashed: a JSON array of its values in a fixed order, without spaces.
 *
 * hash = base64url(SHA-256(UTF-8(text)))
 */
export function canonicalText(row: Omit<LedgerRow, "hash">): string {
  return JSON.stringify([
    row.seq,
    row.kind,
    row.entryId,
    row.atMs,
    row.keyId,
    row.modelId,
    row.model,
    row.versionId,
    row.version,
    row.runtime,
    row.units,
    row.rateMicroUsd,
    row.costMicroUsd,
    row.outcome,
    row.computeMs,
    row.bytesIn,
    row.bytesOut,
    row.idempotencyKey,
    row.previousHash,
  ]);
}

/** Where a chain is broken: the first row that does not follow from the one before it, and why. */
export interface ChainFault {
  readonly seq: number;
  readonly reason: "missing-row" | "wrong-previous-hash" | "changed-row";
}

/** Follow a chain from a known head over rows in their order; the fault, or the head after them. */
export function followChain(from: ChainHead, rows: Iterable<LedgerRow>): ChainHead | ChainFault {
  let head = from;
  for (const row of rows) {
    if (row.seq !== head.seq + 1) return { seq: head.seq + 1, reason: "missing-row" };
    if (row.previousHash !== head.hash) return { seq: row.seq, reason: "wrong-previous-hash" };
    if (row.hash !== sha256(canonicalText(row))) return { seq: row.seq, reason: "changed-row" };
    head = { seq: row.seq, hash: row.hash };
  }
  return head;
}
