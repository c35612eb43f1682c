import type { EventId } from "../shared/ids.ts";

/** Something that others are to be told of. */
export interface OutboxEvent {
  readonly id: EventId;
  /** What kind, such as `usage.threshold_reached`. */
  readonly type: string;
  /** When it happened, ms since 1970. */
  readonly atMs: number;
  /** As those who are told will see it: anything that JSON takes. */
  readonly body: unknown;
}

/** An event in its place: later ones have higher numbers, and no number is given twice. */
export interface WaitingEvent extends OutboxEvent {
  readonly seq: number;
}

/**
 * Events of a cell that wait to be delivered, written in the transaction that brings them about: whoever delivers them reads in
 * order, and deletes what has arrived.
 */
export const OUTBOX_SCHEMA = `
  CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    body TEXT NOT NULL
  );
`;

/** Add events behind all others, all in one statement. */
export function appendEvents(sql: SqlStorage, events: readonly OutboxEvent[]): void {
  if (events.length === 0) return;
  sql.exec(
    `INSERT INTO outbox (id, type, at_ms, body)
     SELECT value->>0, value->>1, value->>2, value->3 FROM json_each(?) ORDER BY key`,
    JSON.stringify(events.map(({ id, type, atMs, body }) => [id, type, atMs, body])),
  );
}

/** Events in their order: those after this number, so many at most. */
export function readEvents(sql: SqlStorage, afterSeq: number, most: number): WaitingEvent[] {
  return sql
    .exec<{ seq: number; id: EventId; type: string; at_ms: number; body: string }>(
      "SELECT seq, id, type, at_ms, body FROM outbox WHERE seq > ? ORDER BY seq LIMIT ?",
      afterSeq,
      most,
    )
    .toArray()
    .map(({ seq, id, type, at_ms: atMs, body }) => ({ seq, id, type, atMs, body: JSON.parse(body) as unknown }));
}

/** Forget what was delivered: all events up to this number, it included. */
export function deleteEvents(sql: SqlStorage, upToSeq: number): void {
  sql.exec("DELETE FROM outbox WHERE seq <= ?", upToSeq);
}
