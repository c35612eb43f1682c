import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TenantId } from "../shared/ids.ts";
import type { HourTotals } from "./fleet.rules.ts";
import type { DiscrepancyKind } from "./reconciliation.rules.ts";

/** What each hour of each tenant came to, as its cell told it last. The cell's ledger is the truth; this is for reports. */
export const usageHours = sqliteTable(
  "usage_hours",
  {
    tenantId: text("tenant_id").$type<TenantId>().notNull(),
    hourMs: integer("hour_ms").notNull(),
    /** The number of the last row of the ledger that is included; an older telling never replaces a newer one. */
    revision: integer("revision").notNull(),
    asOfMs: integer("as_of_ms").notNull(),
    inferences: integer("inferences").notNull(),
    pending: integer("pending").notNull(),
    ok: integer("ok").notNull(),
    rejected: integer("rejected").notNull(),
    failed: integer("failed").notNull(),
    unsettled: integer("unsettled").notNull(),
    costMicroUsd: integer("cost_micro_usd").notNull(),
    computeMs: integer("compute_ms").notNull(),
    bytesIn: integer("bytes_in").notNull(),
    bytesOut: integer("bytes_out").notNull(),
    refused: integer("refused").notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.hourMs] }), index("usage_hours_by_hour").on(table.hourMs)],
);

/** Where D1 differed from a cell: the same difference found again is the same row. */
export const usageDiscrepancies = sqliteTable(
  "usage_discrepancies",
  {
    tenantId: text("tenant_id").$type<TenantId>().notNull(),
    /** 0 for the sum of all hours before those that are compared one by one. */
    hourMs: integer("hour_ms").notNull(),
    kind: text("kind").$type<DiscrepancyKind>().notNull(),
    inCell: text("in_cell", { mode: "json" }).$type<HourTotals>(),
    inRegistry: text("in_registry", { mode: "json" }).$type<HourTotals>(),
    firstFoundAtMs: integer("first_found_at_ms").notNull(),
    foundAtMs: integer("found_at_ms").notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.hourMs] })],
);

/** One row: the tenant up to which the hourly reconciliation has come; null at the beginning of the next round. */
export const reconciliationProgress = sqliteTable("reconciliation_progress", {
  id: text("id", { enum: ["hourly"] }).primaryKey(),
  afterTenantId: text("after_tenant_id").$type<TenantId>(),
});
