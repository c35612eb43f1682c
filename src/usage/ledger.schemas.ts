import { z } from "@hono/zod-openapi";
import { timestamp } from "../http/contract.schemas.ts";
import { toTimestamp } from "../shared/clock.ts";
import { type ChainHead, type LedgerRow, ROW_KINDS } from "./chain.rules.ts";
import { recordOf } from "./ledger-record.rules.ts";
import { OUTCOMES } from "./ledger.rules.ts";
import { LEDGER_FAULTS, type Verification } from "./verification.rules.ts";

/** Rows on a page where nothing else is said. */
export const DEFAULT_ROWS = 100;

/** Rows that one request verifies: seconds, not minutes. */
const MAX_VERIFIED_ROWS = 100_000;

const moment = z.iso.datetime({ offset: true });
const seq = z.number().int().min(1);
const hash = z.string().openapi({ example: "ysJk3sP3rS6nQyqg4m2K1b4sUcm9QbXq0mJ0n0g8a3E" });
const count = z.number().int();

export const ledgerQuerySchema = z.object({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .openapi({
      description: `Rows; ${DEFAULT_ROWS} on a page of JSON, all in JSON Lines when left out.`,
      example: DEFAULT_ROWS,
    }),
  after: z.coerce
    .number()
    .int()
    .min(0)
    .default(0)
    .openapi({ description: "`next` of the page before, a row's `seq`." }),
  from: moment.optional().openapi({
    description: "Written then or later; from the first row on when left out.",
    example: "2026-11-01T00:00:00Z",
  }),
  to: moment.optional().openapi({
    description: "Written before; to the last row when left out.",
    example: "2026-12-01T00:00:00Z",
  }),
  format: z
    .enum(["json", "ndjson"])
    .optional()
    .openapi({ description: "As the header `Accept` says when left out, and JSON where it doesn't." }),
});

const rowSchema = z
  .object({
    seq: seq.openapi({ description: "1, 2, 3 … without a gap." }),
    kind: z.enum(ROW_KINDS),
    entry_id: z.string().openapi({
      description: "The inference, or the grant of credit; an inference's charge and settlement have the same.",
      example: "ent_01jd8x3v5cq0q4m2n8h6y7z9ab",
    }),
    at: timestamp,
    key_id: z.string().nullable(),
    model_id: z.string().nullable(),
    model: z.string().nullable(),
    version_id: z.string().nullable(),
    version: count.nullable(),
    runtime: z.string().nullable(),
    units: count,
    rate_micro_usd: count.openapi({ description: "A charge's price, or what a second of compute time costs." }),
    cost_micro_usd: count.openapi({ description: "Millionths of a dollar; what is given back is negative." }),
    outcome: z.enum(OUTCOMES),
    compute_ms: count,
    bytes_in: count,
    bytes_out: count,
    idempotency_key: z.string().nullable(),
    previous_hash: hash,
    hash: hash.openapi({ description: "SHA-256 of the row's canonical text, base64url; of a charge, its receipt." }),
  })
  .openapi("LedgerRow");

export const ledgerPageSchema = z
  .object({ data: z.array(rowSchema), next: z.string().nullable() })
  .openapi("LedgerPage");

export const ledgerLinesSchema = z.string().openapi({
  description:
    "One row a line, with the members of `LedgerRow` in their order; `at_ms`, in milliseconds since 1970, in the place of `at`.",
});

export const ledgerEntryParams = z.object({
  entry_id: z.string().openapi({ example: "ent_01jd8x3v5cq0q4m2n8h6y7z9ab" }),
});

export const ledgerEntrySchema = z.object({ data: z.array(rowSchema) }).openapi("LedgerEntry");

export const verificationQuerySchema = z.object({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(MAX_VERIFIED_ROWS)
    .default(MAX_VERIFIED_ROWS)
    .openapi({ description: "Rows to follow." }),
  after: z
    .string()
    .regex(/^[1-9]\d{0,14}\.[\w-]{43}$/, "must be a row's seq and hash, joined by a dot: `next` of the answer before")
    .optional()
    .openapi({
      description:
        "`next` of the answer before: a row's `seq` and `hash`, joined by a dot. From the first row when left out.",
      example: "100000.ysJk3sP3rS6nQyqg4m2K1b4sUcm9QbXq0mJ0n0g8a3E",
    }),
});

export const verificationSchema = z
  .object({
    valid: z.boolean(),
    rows: count.openapi({ description: "Rows that follow from one another, from where it was begun." }),
    first_seq: seq.nullable(),
    last_seq: seq.nullable(),
    head_hash: hash.openapi({ description: "The hash of the last row that follows." }),
    genesis_hash: hash.openapi({ description: "What the ledger's first row names as the hash before it." }),
    fault: z.object({ seq, reason: z.enum(LEDGER_FAULTS) }).nullable(),
    next: z.string().nullable().openapi({ description: "What to pass as `after` to go on; null at the ledger's end." }),
  })
  .openapi("LedgerVerification");

/** The row to begin behind, as {@link verificationQuerySchema} takes it. */
export function headFrom(after: string): ChainHead {
  const [named = "", rowHash = ""] = after.split(".");
  return { seq: Number(named), hash: rowHash };
}

/** A row as the API shows it. */
export function presentRow(row: LedgerRow) {
  const { seq: number, kind, entry_id: entryId, at_ms: atMs, ...rest } = recordOf(row);
  return { seq: number, kind, entry_id: entryId, at: toTimestamp(atMs), ...rest };
}

/** What following the chain has shown, as the API tells it. */
export function presentVerification({ rows, firstSeq, last, fault, isCut }: Verification, genesis: ChainHead) {
  return {
    valid: fault === undefined,
    rows,
    first_seq: firstSeq ?? null,
    last_seq: firstSeq === undefined ? null : last.seq,
    head_hash: last.hash,
    genesis_hash: genesis.hash,
    fault: fault ?? null,
    next: isCut ? `${last.seq}.${last.hash}` : null,
  };
}
