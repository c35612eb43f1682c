import type { TenantId } from "../src/shared/ids.ts";
import { logFault } from "../src/shared/log.ts";
import type { HourState, ToldHour } from "../src/usage/fleet.rules.ts";
import {
  type Published,
  firstUntold,
  hoursOfRefusals,
  hoursOfRows,
  hoursSince,
  lastToldBefore,
  markHoursTold,
  markPublished,
  postponePublication,
  publishedSince,
  readBefore,
  readEnd,
  readHour,
  readPublishedSeq,
} from "../src/usage/publication.store.ts";
import type { CellAccount } from "../src/usage/reconciliation.rules.ts";

/** How long a change waits for others of its hour, and how long an attempt that failed waits for the next, in milliseconds. */
const WAIT_MS = 60_000;
/** Rows of the ledger that are looked through at once, in some 3 ms; other calls come in between. */
const PAGE_ROWS = 2_000;
/** Messages that a queue takes in one call at most. */
const MESSAGES_AT_ONCE = 100;

/** What publishing has at hand. */
interface Publisher {
  readonly tenantId: TenantId;
  readonly sql: SqlStorage;
  readonly env: Env;
  readonly nowMs: number;
}

/**
 * Tell the registry what each hour came to that changed, a minute after its first change: a tenant that is called all the time
 * tells one hour a minute, and one that isn't called nothing.
 *
 * Whole totals are told, so it does no harm when they are told twice: the cell may die between telling and remembering it.
 */
export const publishHours = {
  dueMs: ({ sql }: Pick<Publisher, "sql">): number | undefined => {
    const first = firstUntold(sql);
    return first && Math.max(first.atMs + WAIT_MS, first.notBeforeMs);
  },
  run: async (publisher: Publisher): Promise<void> => {
    const { tenantId, sql, nowMs } = publisher;
    const { hoursMs, end } = untoldHours(sql, await lookThroughLedger(sql));
    const states = hoursMs.map((hourMs) => stateOf(sql, hourMs, end, nowMs));
    try {
      await tell(publisher, states);
      markPublished(sql, end);
    } catch (error) {
      logFault("A cell's hours could not be told; they will be, in a minute.", { tenantId, error: String(error) });
      postponePublication(sql, nowMs + WAIT_MS);
    }
  },
};

/** Tell hours again that the registry has missed. May be repeated. */
export async function tellAgain(publisher: Publisher, hoursMs: readonly number[]): Promise<void> {
  const { sql, nowMs } = publisher;
  const end = readEnd(sql);
  await tell(
    publisher,
    hoursMs.map((hourMs) => stateOf(sql, hourMs, end, nowMs)),
  );
}

/** All that the registry should know by now: hours since the beginning of a day one by one, and everything before as one sum. */
export async function accountSince(sql: SqlStorage, dayMs: number): Promise<CellAccount> {
  const untold = new Set(untoldHours(sql, await lookThroughLedger(sql)).hoursMs);
  const published = publishedSince(sql, dayMs);
  const told = hoursSince(sql, dayMs).filter((hourMs) => !untold.has(hourMs));
  return {
    hours: told.map((hourMs) => {
      const { revision, toldAtMs } = published.get(hourMs) ?? { revision: 0, toldAtMs: 0 };
      return { hourMs, revision, toldAtMs, totals: readHour(sql, hourMs) };
    }),
    untoldHoursMs: [...untold],
    sinceMs: dayMs,
    older: { totals: readBefore(sql, dayMs), toldAtMs: lastToldBefore(sql, dayMs) },
  };
}

/** What was found of the hours that changed, and up to which row of the ledger. */
interface LookedThrough {
  readonly hoursMs: ReadonlySet<number>;
  readonly seq: number;
}

/** Look through the ledger's new rows for their hours, page by page, until at most a page is left. */
async function lookThroughLedger(sql: SqlStorage): Promise<LookedThrough> {
  const hoursMs = new Set<number>();
  let seq = readPublishedSeq(sql);
  while (readEnd(sql).ledgerSeq - seq > PAGE_ROWS) {
    for (const hourMs of hoursOfRows(sql, seq, seq + PAGE_ROWS)) hoursMs.add(hourMs);
    seq += PAGE_ROWS;
    await scheduler.wait(0);
  }
  return { hoursMs, seq };
}

/** All hours that changed and were not told, up to this very moment: nothing may be awaited until their totals are read. */
function untoldHours(sql: SqlStorage, { hoursMs, seq }: LookedThrough): { hoursMs: number[]; end: Published } {
  const end = readEnd(sql);
  const all = new Set([...hoursMs, ...hoursOfRows(sql, seq, end.ledgerSeq), ...hoursOfRefusals(sql)]);
  return { hoursMs: [...all], end };
}

function stateOf(sql: SqlStorage, hourMs: number, { ledgerSeq }: Published, asOfMs: number): HourState {
  return { hourMs, revision: ledgerSeq, asOfMs, totals: readHour(sql, hourMs) };
}

async function tell({ tenantId, sql, env }: Publisher, states: readonly HourState[]): Promise<void> {
  const messages = states.map((state): { body: ToldHour } => ({ body: { ...state, tenantId } }));
  for (let start = 0; start < messages.length; start += MESSAGES_AT_ONCE) {
    await env.USAGE_QUEUE.sendBatch(messages.slice(start, start + MESSAGES_AT_ONCE));
  }
  markHoursTold(sql, states);
}
