import { foreignKey, integer, primaryKey, sqliteTable, text, unique } from "drizzle-orm/sqlite-core";
import type { Inspection } from "../../engine/signature.ts";
import type { Serving, Traffic } from "../admission/traffic.rules.ts";
import type { Backend, ExternalData, Placement } from "./models.rules.ts";
import type { ModelId, TenantId, VersionId } from "../shared/ids.ts";
import { tenants } from "../tenants/tenants.tables.ts";

/** A name under which a tenant serves versions of a model. */
export const models = sqliteTable(
  "models",
  {
    id: text("id").$type<ModelId>().primaryKey(),
    tenantId: text("tenant_id")
      .$type<TenantId>()
      .notNull()
      .references(() => tenants.id),
    name: text("name").notNull(),
    description: text("description").notNull(),
    /** The highest version number ever given: a deleted version's number is not used again. */
    lastVersion: integer("last_version").notNull(),
    createdAtMs: integer("created_at_ms").notNull(),
    /** A model that is not loaded keeps everything and serves nobody. */
    loaded: integer("loaded", { mode: "boolean" }).notNull().default(true),
    /** How callers who name no version are spread over versions; null when the alias production serves them all. */
    traffic: text("traffic", { mode: "json" }).$type<Traffic>(),
    /** What served them before the last change, for the way back. */
    previous: text("previous", { mode: "json" }).$type<Serving>(),
    /** Another one after each change of what serves, so that of two changes at once the later builds on the earlier. */
    servingTag: text("serving_tag"),
  },
  (table) => [unique("models_by_name").on(table.tenantId, table.name)],
);

/** One uploaded ONNX file that passed its inspection. Its bytes lie in R2 (see docs/storage.md). */
export const versions = sqliteTable(
  "versions",
  {
    id: text("id").$type<VersionId>().primaryKey(),
    tenantId: text("tenant_id").$type<TenantId>().notNull(),
    modelId: text("model_id")
      .$type<ModelId>()
      .notNull()
      .references(() => models.id, { onDelete: "cascade" }),
    number: integer("number").notNull(),
    /** All of its files together. */
    sizeBytes: integer("size_bytes").notNull(),
    /** SHA-256 of the ONNX file, hexadecimal. */
    sha256: text("sha256").notNull(),
    externalData: text("external_data", { mode: "json" }).$type<ExternalData[]>().notNull(),
    inspection: text("inspection", { mode: "json" }).$type<Inspection>().notNull(),
    createdAtMs: integer("created_at_ms").notNull(),
    runtime: text("runtime", { enum: ["isolate", "container", "backend"] })
      .notNull()
      .default("isolate"),
    placement: text("placement", { mode: "json" })
      .$type<Placement>()
      .notNull()
      .default({ wished: "auto", reasons: [] }),
    /** Where it runs when its runtime is `backend`. */
    backend: text("backend", { mode: "json" }).$type<Backend>(),
    /** When it was taken out of service. */
    retiredAtMs: integer("retired_at_ms"),
  },
  (table) => [unique("versions_by_number").on(table.modelId, table.number)],
);

/** A name for a version that can be moved: what callers use while versions come and go. */
export const aliases = sqliteTable(
  "aliases",
  {
    tenantId: text("tenant_id").$type<TenantId>().notNull(),
    modelId: text("model_id")
      .$type<ModelId>()
      .notNull()
      .references(() => models.id, { onDelete: "cascade" }),
    name: text("name").notNull(),
    versionNumber: integer("version_number").notNull(),
    updatedAtMs: integer("updated_at_ms").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.modelId, table.name] }),
    // The database itself refuses an alias of no version, and to delete a version that an alias points at.
    foreignKey({ columns: [table.modelId, table.versionNumber], foreignColumns: [versions.modelId, versions.number] }),
  ],
);

/** A row of {@link models}. */
export type ModelRow = typeof models.$inferSelect;
/** A row of {@link versions}. */
export type VersionRow = typeof versions.$inferSelect;
/** A row of {@link aliases}. */
export type AliasRow = typeof aliases.$inferSelect;
