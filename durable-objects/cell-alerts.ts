import type { Meter } from "../src/admission/meters.rules.ts";
import { appendEvents } from "../src/events/outbox.store.ts";
import { toTimestamp } from "../src/shared/clock.ts";
import { newId } from "../src/shared/ids.ts";
import { type Alert, THRESHOLD_REACHED, highestReached, reachedNow, usedOf } from "../src/usage/alerts.rules.ts";
import { addAlerts, deleteAlerts, oldestAlertMs } from "../src/usage/alerts.store.ts";
import { CREDIT_METER, type Metered, limitOf, nameOfSubject } from "./cell-limits.ts";
import type { CellMemory } from "./cell-memory.ts";

/** How long alerts can be read, in milliseconds: 400 days. */
const KEPT_MS = 400 * 86_400_000;
/** Alerts that one alarm forgets at most. */
const FORGOTTEN_AT_ONCE = 1_000;

type QuotaMeter = Extract<Metered, { kind: "quota" }>;

/**
 * Write an alert for each share of a quota that a batch's meters have reached and nobody was told of in their window.
 *
 * Use falls within a batch only before it rises, so that its meters at the end tell all.
 *
 * @returns the meters of which something was told, with what it was
 */
export function raiseAlerts(
  sql: SqlStorage,
  memory: CellMemory,
  meters: ReadonlyMap<string, Meter>,
  nowMs: number,
): Map<string, Meter> {
  const told = new Map<string, Meter>();
  const alerts: Alert[] = [];
  for (const [id, meter] of meters) {
    const metered = limitOf(memory, id);
    if (metered?.kind !== "quota") continue;
    const reached = reachedNow(metered.limit, meter);
    const raisedPercent = reached.at(-1);
    if (raisedPercent === undefined) continue;
    told.set(id, { ...meter, raisedPercent });
    alerts.push(...reached.map((percent) => alertOf(memory, metered, meter, percent, nowMs)));
  }
  addAlerts(sql, alerts);
  const type = THRESHOLD_REACHED;
  appendEvents(
    sql,
    alerts.map((alert) => ({ ...alert, type })),
  );
  return told;
}

/** The meter of credit after more was granted: shares that are no longer reached will be told of again. */
export function withMoreCredit(memory: CellMemory): Map<string, Meter> {
  const [meter, metered] = [memory.meterOf(CREDIT_METER), limitOf(memory, CREDIT_METER)];
  if (!meter || metered?.kind !== "quota") return new Map();
  return new Map([[CREDIT_METER, { ...meter, raisedPercent: highestReached(metered.limit, meter) }]]);
}

/** When the oldest alert may be forgotten; undefined when there is none. */
export function alertsExpireMs(sql: SqlStorage): number | undefined {
  const oldestMs = oldestAlertMs(sql);
  return oldestMs === undefined ? undefined : oldestMs + KEPT_MS;
}

/** Forget the oldest alerts that nobody asks for any more, a bounded number. */
export function forgetAlerts(sql: SqlStorage, nowMs: number): void {
  deleteAlerts(sql, nowMs - KEPT_MS, FORGOTTEN_AT_ONCE);
}

function alertOf(
  memory: CellMemory,
  { limit: quota, subject }: QuotaMeter,
  meter: Meter,
  percent: number,
  nowMs: number,
): Alert {
  const { name: policy, per, unit, window, limit, isSoft: soft } = quota;
  const body = {
    policy,
    per,
    subject: nameOfSubject(memory, subject),
    unit,
    window,
    window_start: toTimestamp(meter.atMs),
    percent,
    used: usedOf(unit, meter),
    limit,
    soft,
  };
  return { id: newId("evt", nowMs), atMs: nowMs, body };
}
