import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { cellOf, evictCell } from "../support/cell.ts";
import { bearer, makeKey, use } from "../support/keys.ts";
import { addOneRequest, deploy } from "../support/models.ts";
import { type TestTenant, call, newTenant } from "../support/tenant.ts";

/** Have the cell's SQLite refuse to change what it has of keys and models, as a disk that is full does. */
async function breakDisk(tenant: TestTenant): Promise<void> {
  await runInDurableObject(cellOf(tenant), (_cell, { storage }) => {
    for (const change of ["INSERT", "DELETE"]) {
      storage.sql.exec(
        `CREATE TRIGGER broken_${change} BEFORE ${change} ON hot_state BEGIN SELECT RAISE(ABORT, 'disk'); END`,
      );
    }
  });
}

describe("a change that the cell can't write fails, and its memory and its disk say the same", () => {
  test("of a model that is deleted: it is served still, before the cell is evicted and after", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const infer = async () => (await tenant.call("POST", "/v2/models/m/infer", { json: addOneRequest })).status;
    expect(await infer()).toBe(200);
    await breakDisk(tenant);
    expect((await tenant.call("DELETE", "/v1/models/m")).status).toBe(500);
    const before = await cellOf(tenant).statistics();
    await evictCell(tenant);
    expect(await cellOf(tenant).statistics()).toEqual(before);
    expect(before).toHaveLength(1);
  });

  test("of a key: it does what it did, before the cell is evicted and after", async () => {
    const tenant = await newTenant();
    const { id, key } = await makeKey(tenant.key);
    await breakDisk(tenant);
    const json = { scopes: ["models:infer"] };
    expect((await call("PATCH", `/v1/keys/${id}`, { ...bearer(tenant.key), json })).status).toBe(500);
    expect((await use(key)).status).toBe(200);
    await evictCell(tenant);
    expect((await use(key)).status).toBe(200);
  });
});
