import { type SQL, and, eq, gte, lt, sql } from "drizzle-orm";
import type { Database } from "../shared/database.ts";
import type { TenantId } from "../shared/ids.ts";
import { tenants } from "../tenants/tenants.tables.ts";
import type { FleetGranularity, FleetQuery, FleetRow, TenantPage } from "./fleet-report.rules.ts";
import { type HourTotals, type ToldHour, TOTALS } from "./fleet.rules.ts";
import type { RegistryAccount } from "./reconciliation.rules.ts";
import { usageHours } from "./fleet.tables.ts";

/** The columns of {@link TOTALS}, in their order. */
const TOTAL_COLUMNS = TOTALS.map((name) => usageHours[name].name);

/**
 * Write what cells told, all in one statement: the rows travel as one JSON value, so their number is not bound by parameters.
 *
 * An hour is replaced only by a telling that includes more of the ledger, or as much of it and more refusals: what comes twice, late
 * or out of order changes nothing.
 */
export async function upsertHours(db: Database, hours: readonly ToldHour[]): Promise<void> {
  const columns = ["tenant_id", "hour_ms", "revision", "as_of_ms", ...TOTAL_COLUMNS];
  const rows = hours.map(({ tenantId, hourMs, revision, asOfMs, totals }) => [
    tenantId,
    hourMs,
    revision,
    asOfMs,
    ...TOTALS.map((name) => totals[name]),
  ]);
  const values = columns.map((_, place) => `value->>${place}`);
  const replaced = columns.slice(2).map((name) => `${name} = excluded.${name}`);
  await db.run(
    sql`INSERT INTO usage_hours (${sql.raw(columns.join(", "))})
        SELECT ${sql.raw(values.join(", "))} FROM json_each(${JSON.stringify(rows)}) WHERE true
        ON CONFLICT DO UPDATE SET ${sql.raw(replaced.join(", "))}
        WHERE excluded.revision > usage_hours.revision
           OR (excluded.revision = usage_hours.revision AND excluded.refused > usage_hours.refused)`,
  );
}

/** What the registry knows of a tenant: hours since the beginning of a day, and the sum of all before. */
export async function readRegistry(tenantId: TenantId, db: Database, dayMs: number): Promise<RegistryAccount> {
  const own = eq(usageHours.tenantId, tenantId);
  const [hours, [older]] = await db.batch([
    db
      .select()
      .from(usageHours)
      .where(and(own, gte(usageHours.hourMs, dayMs))),
    db
      .select(SUMS)
      .from(usageHours)
      .where(and(own, lt(usageHours.hourMs, dayMs))),
  ]);
  if (!older) throw new Error("A sum without groups has one row.");
  return {
    hours: hours.map(({ tenantId: _tenant, hourMs, revision, asOfMs, ...totals }) => {
      return { hourMs, revision, asOfMs, totals };
    }),
    older,
  };
}

/** Sums by interval over all tenants, or by tenant and interval; in the order of tenants, then of time. */
export async function sumFleet(db: Database, query: FleetQuery, page?: TenantPage): Promise<FleetRow[]> {
  const start = intervalOf(query.granularity);
  const tenant = page ? sql<TenantId | null>`${usageHours.tenantId}` : sql<TenantId | null>`NULL`;
  return await db
    .select({ tenantId: tenant, startMs: start, asOfMs: AS_OF, totals: SUMS })
    .from(usageHours)
    .where(
      and(
        within(query),
        page && sql`${usageHours.tenantId} IN (SELECT value FROM json_each(${JSON.stringify(page.tenantIds)}))`,
      ),
    )
    .groupBy(sql`1`, sql`2`)
    .orderBy(sql`1`, sql`2`);
}

/** Everything in one sum, and of when its newest part is; undefined where nothing is known. */
export async function totalFleet(
  db: Database,
  query: FleetQuery,
): Promise<{ readonly totals: HourTotals; readonly asOfMs: number | null }> {
  const [row] = await db
    .select({ asOfMs: sql<number | null>`max(${usageHours.asOfMs})`, totals: SUMS })
    .from(usageHours)
    .where(within(query));
  if (!row) throw new Error("A sum without groups has one row.");
  return row;
}

/** Tenants that have usage in these hours, after one, in the order of their ids: so many, and one beyond. */
export async function tenantsWithUsage(
  db: Database,
  query: FleetQuery,
  page: { limit: number; after: string | undefined },
): Promise<TenantId[]> {
  const beyond = page.after === undefined ? undefined : sql`${tenants.id} > ${page.after}`;
  const only = query.tenantId === undefined ? undefined : eq(tenants.id, query.tenantId);
  const used = sql`EXISTS (SELECT 1 FROM ${usageHours} WHERE ${and(eq(usageHours.tenantId, tenants.id), within(query))})`;
  const rows = await db
    .select({ id: tenants.id })
    .from(tenants)
    .where(and(beyond, only, used))
    .orderBy(tenants.id)
    .limit(page.limit + 1);
  return rows.map(({ id }) => id);
}

const sum = (name: keyof HourTotals): SQL<number> => sql<number>`coalesce(sum(${usageHours[name]}), 0)`;
const SUMS = {
  inferences: sum("inferences"),
  pending: sum("pending"),
  ok: sum("ok"),
  rejected: sum("rejected"),
  failed: sum("failed"),
  unsettled: sum("unsettled"),
  costMicroUsd: sum("costMicroUsd"),
  computeMs: sum("computeMs"),
  bytesIn: sum("bytesIn"),
  bytesOut: sum("bytesOut"),
  refused: sum("refused"),
};
const AS_OF = sql<number>`max(${usageHours.asOfMs})`;

function within({ fromMs, toMs, tenantId }: FleetQuery): SQL | undefined {
  const only = tenantId === undefined ? undefined : eq(usageHours.tenantId, tenantId);
  return and(only, gte(usageHours.hourMs, fromMs), lt(usageHours.hourMs, toMs));
}

/** The beginning of the interval that an hour belongs to, ms since 1970. */
function intervalOf(granularity: FleetGranularity): SQL<number> {
  switch (granularity) {
    case "hour":
      return sql<number>`${usageHours.hourMs}`;
    case "day":
      return sql<number>`${usageHours.hourMs} / 86400000 * 86400000`;
    case "month":
      return sql<number>`unixepoch(${usageHours.hourMs} / 1000, 'unixepoch', 'start of month') * 1000`;
  }
}
