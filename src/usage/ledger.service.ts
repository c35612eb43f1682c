import type { PartRequest } from "../../durable-objects/cell-archive.ts";
import type { Services } from "../services.ts";
import type { TenantId } from "../shared/ids.ts";
import { readArchive } from "./archive-objects.store.ts";
import type { LedgerArchive } from "./archive.rules.ts";
import type { ChainHead, LedgerRow } from "./chain.rules.ts";
import { toLines } from "./ledger-record.rules.ts";
import { type LedgerFault, LedgerWalk, type Verification } from "./verification.rules.ts";

/** Where the ledger lies: its younger rows in the cell, its older ones in R2. */
type Places = Pick<Services, "cell" | "files">;

/** Which rows are asked for: those after one, so many at most, written from a moment on and before another, ms since 1970. */
export interface LedgerRange {
  readonly afterSeq: number;
  readonly most: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Rows that the cell is asked for at a time: some milliseconds of it. */
const PART_ROWS = 1_000;

/** Rows in their order, wherever they lie. */
export async function readLedger(tenantId: TenantId, places: Places, range: LedgerRange): Promise<LedgerRow[]> {
  const found: LedgerRow[] = [];
  for await (const rows of rowsIn(tenantId, places, range)) found.push(...rows);
  return found;
}

/** Rows as JSON Lines, read as they are taken. */
export async function* exportLedger(
  tenantId: TenantId,
  places: Places,
  range: LedgerRange,
): AsyncGenerator<Uint8Array> {
  for await (const rows of rowsIn(tenantId, places, range)) {
    if (rows.length > 0) yield Buffer.from(toLines(rows));
  }
}

/** The rows of one entry, in their order; none where there is no such entry. */
export async function readLedgerEntry(tenantId: TenantId, places: Places, entryId: string): Promise<LedgerRow[]> {
  const { rows, archives } = await places.cell(tenantId).ledgerEntry(entryId);
  const archived: LedgerRow[] = [];
  for (const archive of archives) {
    const part = await readArchivedPart(places.files, archive, { afterSeq: 0, fromMs: 0 });
    archived.push(...rowsOf(part).filter((row) => row.entryId === entryId));
  }
  return [...archived, ...rows];
}

/** Follow the chain from a row that is known, over so many rows at most, and say where it breaks. */
export async function verifyLedger(
  tenantId: TenantId,
  places: Places,
  { from, most }: { readonly from: ChainHead; readonly most: number },
): Promise<Verification> {
  const walk = new LedgerWalk(from);
  for await (const part of partsAfter(tenantId, places, { afterSeq: from.seq, fromMs: 0, most: PART_ROWS })) {
    if (part.kind === "fault") return walk.end(part.fault);
    const left = most - walk.rows;
    if (!walk.follow(part.rows.slice(0, left))) break;
    if (part.rows.length > left) return walk.cut();
    if (part.endsAt) walk.arriveAt(part.endsAt);
  }
  return walk.end();
}

/** Rows in their order, some at a time. */
async function* rowsIn(
  tenantId: TenantId,
  places: Places,
  { afterSeq, most, fromMs, toMs }: LedgerRange,
): AsyncGenerator<readonly LedgerRow[]> {
  let left = most;
  for await (const part of partsAfter(tenantId, places, { afterSeq, fromMs, most: Math.min(most, PART_ROWS) })) {
    const rows = rowsOf(part).slice(0, left);
    const end = rows.findIndex(({ atMs }) => atMs >= toMs);
    yield end === -1 ? rows : rows.slice(0, end);
    left -= rows.length;
    if (left <= 0 || end !== -1) return;
  }
}

/** Some rows in their order, or why they can't be read. */
type Part =
  | {
      readonly kind: "rows";
      readonly rows: readonly LedgerRow[];
      /** What the cell wrote last, where nothing follows these rows. */
      readonly endsAt: ChainHead | undefined;
    }
  | { readonly kind: "fault"; readonly fault: LedgerFault; readonly endsAt: undefined };

/** The ledger part by part: never more than one archive, or so many rows, is held. Rows are never changed, so parts fit together. */
async function* partsAfter(tenantId: TenantId, { cell, files }: Places, start: PartRequest): AsyncGenerator<Part> {
  for (let request = start; ;) {
    const found = await cell(tenantId).ledgerPart(request);
    if (!found) return;
    const { archive, rows, head } = found;
    const isEnd = !archive && rows.length < start.most;
    yield archive
      ? await readArchivedPart(files, archive, request)
      : { kind: "rows", rows, endsAt: isEnd ? head : undefined };
    if (isEnd) return;
    request = { ...start, afterSeq: archive?.lastSeq ?? rows.at(-1)?.seq ?? request.afterSeq, fromMs: 0 };
  }
}

async function readArchivedPart(
  files: R2Bucket,
  archive: LedgerArchive,
  { afterSeq, fromMs }: Omit<PartRequest, "most">,
): Promise<Part> {
  const read = await readArchive(files, archive);
  if (read.kind === "rows") {
    const first = read.rows.findIndex(({ seq, atMs }) => seq > afterSeq && atMs >= fromMs);
    return { kind: "rows", rows: first === -1 ? [] : read.rows.slice(first), endsAt: undefined };
  }
  const fault = { seq: Math.max(archive.firstSeq, afterSeq + 1), reason: read.kind };
  return { kind: "fault", fault, endsAt: undefined };
}

function rowsOf(part: Part): readonly LedgerRow[] {
  if (part.kind === "rows") return part.rows;
  throw new Error(`The ledger can't be read from row ${part.fault.seq} on: ${part.fault.reason}.`);
}
