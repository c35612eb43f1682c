import type { EventId } from "../shared/ids.ts";
import type { Alert, AlertBody } from "./alerts.rules.ts";

/** Which shares of quotas were reached. The outbox has them too, but forgets what it has delivered. */
export const ALERTS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS alerts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    at_ms INTEGER NOT NULL,
    body TEXT NOT NULL
  );
`;

/** Add alerts, all in one statement. */
export function addAlerts(sql: SqlStorage, alerts: readonly Alert[]): void {
  if (alerts.length === 0) return;
  sql.exec(
    "INSERT INTO alerts (id, at_ms, body) SELECT value->>0, value->>1, value->2 FROM json_each(?) ORDER BY key",
    JSON.stringify(alerts.map(({ id, atMs, body }) => [id, atMs, body])),
  );
}

/** The latest first: those before this one, so many at most; none where there is no such alert. */
export function readAlerts(sql: SqlStorage, beforeId: string | undefined, most: number): Alert[] {
  return sql
    .exec<StoredAlert>(
      `SELECT id, at_ms, body FROM alerts
       WHERE ?1 IS NULL OR seq < (SELECT seq FROM alerts WHERE id = ?1) ORDER BY seq DESC LIMIT ?2`,
      beforeId ?? null,
      most,
    )
    .toArray()
    .map(toAlert);
}

type StoredAlert = { id: EventId; at_ms: number; body: string };

function toAlert({ id, at_ms: atMs, body }: StoredAlert): Alert {
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- addAlerts wrote the row with this very type
  const parsed: AlertBody = JSON.parse(body);
  return { id, atMs, body: parsed };
}

/** When the oldest was raised; undefined when there is none. */
export function oldestAlertMs(sql: SqlStorage): number | undefined {
  return sql.exec<{ at_ms: number }>("SELECT at_ms FROM alerts ORDER BY seq LIMIT 1").toArray()[0]?.at_ms;
}

/** Forget the oldest, so many at most, of those that were raised before this moment or at it. */
export function deleteAlerts(sql: SqlStorage, untilMs: number, most: number): void {
  sql.exec(
    "DELETE FROM alerts WHERE seq IN (SELECT seq FROM alerts ORDER BY seq LIMIT ?) AND at_ms <= ?",
    most,
    untilMs,
  );
}
