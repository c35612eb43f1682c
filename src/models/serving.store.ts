import { and, eq, inArray, isNull, sql } from "drizzle-orm";
import type { Serving } from "../admission/traffic.rules.ts";
import type { Database } from "../shared/database.ts";
import type { ModelId, TenantId } from "../shared/ids.ts";
import { versionsOf } from "./serving.rules.ts";
import { aliases, models, versions } from "./models.tables.ts";

/** What to write, and the state that it was decided on. */
export interface ServingSwap {
  readonly modelId: ModelId;
  /** The alias that serves callers who name no version. */
  readonly alias: string;
  /** The model's serving tag when the change was decided. */
  readonly decidedOn: string | null;
  readonly serving: Serving | undefined;
  readonly previous: Serving | null;
  readonly nowMs: number;
}

/**
 * Change what serves, unless it changed since it was decided, or a version that it takes is gone or retired.
 *
 * One transaction: its second statement finds the tag of the first only when the first was carried out.
 *
 * @returns whether it was written; when not, decide anew
 */
export async function swapServing(tenantId: TenantId, db: Database, swap: ServingSwap): Promise<boolean> {
  const { modelId, decidedOn, serving, previous } = swap;
  const servingTag = crypto.randomUUID();
  const ofModel = and(eq(models.tenantId, tenantId), eq(models.id, modelId));
  const unchanged = decidedOn === null ? isNull(models.servingTag) : eq(models.servingTag, decidedOn);
  const [rows] = await db.batch([
    db
      .update(models)
      .set({ traffic: serving?.traffic ?? null, previous, servingTag })
      .where(and(ofModel, unchanged, serving && allServe(db, modelId, versionsOf(serving))))
      .returning({ id: models.id }),
    pointAlias(tenantId, db, swap, servingTag),
  ]);
  return rows.length > 0;
}

function allServe(db: Database, modelId: ModelId, numbers: number[]) {
  const serving = db
    .select({ count: sql`count(*)` })
    .from(versions)
    .where(and(eq(versions.modelId, modelId), isNull(versions.retiredAtMs), numberedOneOf(numbers)));
  return sql`(${serving}) = ${numbers.length}`;
}

/** The numbers travel as one JSON value, because D1 binds 100 parameters at the most. */
function numberedOneOf(numbers: readonly number[]) {
  return sql`${versions.number} in (select value from json_each(${JSON.stringify(numbers)}))`;
}

function pointAlias(tenantId: TenantId, db: Database, swap: ServingSwap, servingTag: string) {
  const { modelId, alias, serving, nowMs: updatedAtMs } = swap;
  const swapped = and(eq(models.tenantId, tenantId), eq(models.id, modelId), eq(models.servingTag, servingTag));
  if (!serving) {
    const swappedModel = db.select({ id: models.id }).from(models).where(swapped);
    return db.delete(aliases).where(and(inArray(aliases.modelId, swappedModel), eq(aliases.name, alias)));
  }
  const versionNumber = serving.version;
  const row = db
    .select({
      tenantId: models.tenantId,
      modelId: models.id,
      name: sql`${alias}`.as("name"),
      versionNumber: sql`${versionNumber}`.as("version_number"),
      updatedAtMs: sql`${updatedAtMs}`.as("updated_at_ms"),
    })
    .from(models)
    .where(swapped);
  return db
    .insert(aliases)
    .select(row)
    .onConflictDoUpdate({ target: [aliases.modelId, aliases.name], set: { versionNumber, updatedAtMs } });
}
