import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { findStoredModels } from "../../../scripts/hostile/leftovers.ts";
import { makeRoot } from "../conformance/case-folder.ts";

const TENANT = "ten_1";
const REGISTRY = readFileSync(join(import.meta.dirname, "../../../migrations/0000_registry.sql"), "utf8");

let root = "";

beforeEach(() => {
  root = makeRoot();
  execute("d1/miniflare-D1DatabaseObject/metadata.sqlite", "CREATE TABLE _cf_ALARM (actor_id TEXT)");
  execute("d1/miniflare-D1DatabaseObject/a.sqlite", REGISTRY);
  execute("r2/miniflare-R2BucketObject/b.sqlite", "CREATE TABLE _mf_objects (key TEXT PRIMARY KEY)");
  for (const tenant of [TENANT, "ten_2"]) {
    const tables =
      "CREATE TABLE __miniflare_do_name (id INTEGER, name TEXT); CREATE TABLE hot_state (kind TEXT, id TEXT)";
    execute(cellOf(tenant), `${tables}; INSERT INTO __miniflare_do_name VALUES (1, '${tenant}')`);
    execute(cellOf(tenant), `INSERT INTO hot_state VALUES ('tenant', '${tenant}'), ('key', 'key_1')`);
  }
});

afterEach(() => rmSync(root, { recursive: true }));

function cellOf(tenantId: string): string {
  return `do/tensorgate-TenantCell/${tenantId}.sqlite`;
}

/** Run SQL in a database below `v3`, as Miniflare lays them out. */
function execute(file: string, sql: string): void {
  const path = join(root, "v3", file);
  mkdirSync(dirname(path), { recursive: true });
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  database.exec(sql);
  database.close();
}

function insertModel(tenantId: string): void {
  const registry = "d1/miniflare-D1DatabaseObject/a.sqlite";
  execute(registry, `INSERT INTO models VALUES ('mdl_${tenantId}', '${tenantId}', 'm', '', 1, 0)`);
  execute(
    registry,
    `INSERT INTO versions VALUES ('ver_${tenantId}', '${tenantId}', 'mdl_${tenantId}', 1, 1, '', '', '', 0)`,
  );
  execute(registry, `INSERT INTO aliases VALUES ('${tenantId}', 'mdl_${tenantId}', 'production', 1, 0)`);
  execute("r2/miniflare-R2BucketObject/b.sqlite", `INSERT INTO _mf_objects VALUES ('tenants/${tenantId}/models/m')`);
  execute(cellOf(tenantId), `INSERT INTO hot_state VALUES ('model', 'mdl_${tenantId}')`);
}

describe("what is left of a tenant's models", () => {
  it("is nothing where the databases hold the tenant alone, whatever they hold of others", () => {
    insertModel("ten_2");
    expect(findStoredModels(root, [TENANT])).toEqual([]);
  });

  it("is each row, object and deployment, by name", () => {
    insertModel(TENANT);
    expect(findStoredModels(root, ["ten_3", TENANT])).toEqual([
      "a row of D1's models is left: m",
      "a row of D1's versions is left: ver_ten_1",
      "a row of D1's aliases is left: production",
      "an object of R2 is left: tenants/ten_1/models/m",
      "a deployment in the tenant's cell is left: mdl_ten_1",
    ]);
  });

  it("is not said to be nothing where there is nowhere to look", () => {
    rmSync(join(root, "v3/r2"), { recursive: true });
    expect(findStoredModels(root, [TENANT])).toEqual([
      `${root}: no database with _mf_objects, to look for an object of R2`,
    ]);
    expect(findStoredModels(join(root, "absent"), [TENANT])).toHaveLength(1);
  });
});
