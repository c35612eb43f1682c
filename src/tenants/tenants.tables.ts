import { type AnySQLiteColumn, index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { LocationHint } from "../shared/regions.ts";
import type { TenantId } from "../shared/ids.ts";
import type { PlanName } from "./plans.rules.ts";
import type { PolicyOverrides } from "./policy.rules.ts";
import type { SecurityPolicy } from "./security-policy.rules.ts";

/** Who owns models and keys, and the limits that its cell enforces. */
export const tenants = sqliteTable(
  "tenants",
  {
    id: text("id").$type<TenantId>().primaryKey(),
    name: text("name").notNull(),
    status: text("status", { enum: ["active", "suspended"] }).notNull(),
    /** Sustained inferences a second that the token bucket refills. */
    ratePerSecond: integer("rate_per_second").notNull(),
    /** Inferences that may come at once: the size of the token bucket. */
    burst: integer("burst").notNull(),
    maxModels: integer("max_models").notNull().default(100),
    /** Of each model. */
    maxVersions: integer("max_versions").notNull().default(50),
    /** All files of all versions together. */
    maxStoredBytes: integer("max_stored_bytes")
      .notNull()
      .default(10 * 1024 ** 3),
    /** How long one inference may run, in milliseconds. */
    maxRunMs: integer("max_run_ms").notNull().default(10_000),
    createdAtMs: integer("created_at_ms").notNull(),
    plan: text("plan").$type<PlanName>().notNull().default("standard"),
    /** What this tenant has otherwise than its plan. */
    overrides: text("overrides", { mode: "json" }).$type<PolicyOverrides>().notNull().default({}),
    /** Rises with each change of what the cell must know. */
    policyVersion: integer("policy_version").notNull().default(1),
    /** Addresses and networks that the tenant may be called from; null: any. */
    allowedIps: text("allowed_ips", { mode: "json" }).$type<string[]>(),
    /** Pages of which origins may call, besides the service's own. */
    allowedOrigins: text("allowed_origins", { mode: "json" }).$type<string[]>().notNull().default([]),
    /** When a billing period began. */
    periodAnchorMs: integer("period_anchor_ms").notNull().default(0),
    /** Where the tenant's cell is made, as near as may be; it stays there. */
    locationHint: text("location_hint").$type<LocationHint>(),
    /** Credentials that were issued before this moment are void. */
    notBeforeMs: integer("not_before_ms").notNull().default(0),
    /** Who sees this tenant's usage, and nothing else of it. */
    parentId: text("parent_id")
      .$type<TenantId>()
      .references((): AnySQLiteColumn => tenants.id),
    /** The role that the parent's members have here; null: none. */
    parentAccessRole: text("parent_access_role"),
    /** What the tenant asks of how its people log in. */
    securityPolicy: text("security_policy", { mode: "json" }).$type<SecurityPolicy>().notNull().default({}),
  },
  (table) => [index("tenants_by_parent").on(table.parentId, table.id)],
);

/** Credit that the operator granted a tenant in advance. */
export const creditGrants = sqliteTable(
  "credit_grants",
  {
    tenantId: text("tenant_id")
      .$type<TenantId>()
      .notNull()
      .references(() => tenants.id),
    /** The Idempotency-Key of the request that granted it. */
    id: text("id").notNull(),
    amountMicroUsd: integer("amount_micro_usd").notNull(),
    reason: text("reason"),
    createdAtMs: integer("created_at_ms").notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.id] })],
);

/** A row of {@link creditGrants}. */
export type CreditGrantRow = typeof creditGrants.$inferSelect;

/** A row of {@link tenants}. */
export type TenantRow = typeof tenants.$inferSelect;
/** The columns of a tenant's limits. */
export type TenantLimits = Pick<
  TenantRow,
  "burst" | "ratePerSecond" | "maxModels" | "maxVersions" | "maxStoredBytes" | "maxRunMs"
>;
/** What of a tenant's policy may be given; what is left out stays. */
export type TenantPolicyPatch = Partial<
  Pick<TenantRow, "plan" | "overrides" | "allowedIps" | "allowedOrigins" | "periodAnchorMs" | "locationHint">
>;
/** Limits to change; those that are undefined stay. */
export type TenantLimitPatch = { readonly [K in keyof TenantLimits]?: TenantLimits[K] | undefined };
