/** What a tenant's deleted models have left behind: through the API, and in the files of a local server. */
import { existsSync, globSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { z } from "zod";

import { type Target, refusalReason, send } from "../conformance/client.ts";

const pageSchema = z.object({ data: z.array(z.object({ name: z.string() })) });

/** The tenant's models that the API still lists, one sentence each. */
export async function findListedModels(target: Target): Promise<string[]> {
  const answer = await send(target, { method: "GET", path: "/v1/models" });
  const refusal = refusalReason(answer, 200);
  if (refusal !== undefined || answer.kind === "failed") return [`GET /v1/models: ${refusal ?? ""}`];
  return pageSchema.parse(JSON.parse(answer.text)).data.map(({ name }) => `GET /v1/models still lists ${name}`);
}

/** A query for names of what is left, and where it runs: below DIR/v3, in the databases that have its tables. */
interface Search {
  readonly what: string;
  readonly files: string;
  readonly tables: readonly string[];
  readonly sql: string;
}

const searches: readonly Search[] = [
  ...["models", "versions", "aliases"].map((table) => ({
    what: `a row of D1's ${table}`,
    files: "d1/*/*.sqlite",
    tables: [table],
    sql: `SELECT ${table === "versions" ? "id" : "name"} AS name FROM ${table} WHERE tenant_id = ?`,
  })),
  {
    what: "an object of R2",
    files: "r2/*/*.sqlite",
    tables: ["_mf_objects"],
    sql: "SELECT key AS name FROM _mf_objects WHERE key LIKE 'tenants/' || ? || '/%'",
  },
  {
    what: "a deployment in the tenant's cell",
    files: "do/*-TenantCell/*.sqlite",
    tables: ["hot_state", "__miniflare_do_name"],
    sql: "SELECT id AS name FROM hot_state WHERE kind = 'model' AND ? IN (SELECT name FROM __miniflare_do_name)",
  },
];

function hasTables(database: DatabaseSync, tables: readonly string[]): boolean {
  const find = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name = ?");
  return tables.every((table) => find.get(table) !== undefined);
}

function search(directory: string, tenantId: string, { what, files, tables, sql }: Search): string[] {
  const paths = globSync(join(directory, "v3", files));
  const databases = paths.map((path) => new DatabaseSync(path, { readOnly: true }));
  try {
    const searched = databases.filter((database) => hasTables(database, tables));
    // A search that finds no database would find nothing left either.
    if (searched.length === 0) return [`${directory}: no database with ${tables.join(", ")}, to look for ${what}`];
    const rows = searched.flatMap((database) => database.prepare(sql).all(tenantId));
    return rows.map(({ name }) => `${what} is left: ${String(name)}`);
  } finally {
    for (const database of databases) database.close();
  }
}

/**
 * Look for tenants' models in the SQLite files of a local server, which may be running.
 *
 * @param directory  what `npm start -- --state` was given; Miniflare keeps D1, R2 and Durable Objects in its folder v3
 */
export function findStoredModels(directory: string, tenantIds: readonly string[]): string[] {
  if (!existsSync(join(directory, "v3"))) {
    return [`${directory} has no folder v3: no local server keeps its state there`];
  }
  return searches.flatMap((one) => tenantIds.flatMap((tenantId) => search(directory, tenantId, one)));
}
