import { env } from "cloudflare:workers";
import { drizzle } from "drizzle-orm/d1";
import { describe, expect, test } from "vitest";
import { type ModelTree, deleteVersion, findModelTree, putAlias, retire } from "../../src/models/models.store.ts";
import { swapServing } from "../../src/models/serving.store.ts";
import { addModel, deploy, upload } from "../support/models.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

/**
 * What a service has decided on may have changed when it writes. Two calls at once show that only by chance, so here the
 * stores are given what was true before.
 */
const db = drizzle(env.DB);
const NOW_MS = 1_000;

async function tenantWithTwo(): Promise<TestTenant> {
  const tenant = await newTenant();
  await deploy(tenant, "m", addModel(1));
  await upload(tenant, "m", addModel(2));
  return tenant;
}

async function treeOf(tenant: TestTenant): Promise<ModelTree> {
  const tree = await findModelTree(tenant.id, db, "m");
  if (!tree) throw new Error("The tenant has the model m.");
  return tree;
}

async function secondOf(tenant: TestTenant): Promise<ModelTree["versions"][number]> {
  const version = (await treeOf(tenant)).versions[1];
  if (!version) throw new Error("The model m has two versions.");
  return version;
}

/** Let version 2 serve, as was decided on this state. */
async function swap(tenant: TestTenant, { model }: ModelTree, version = 2): Promise<boolean> {
  const change = { serving: { version, traffic: null }, previous: null, alias: "production", nowMs: NOW_MS };
  return await swapServing(tenant.id, db, { ...change, modelId: model.id, decidedOn: model.servingTag });
}

describe("a change of what serves", () => {
  test("is written once on one state, and a second one on the same state is not", async () => {
    const tenant = await tenantWithTwo();
    const tree = await treeOf(tenant);
    expect(await swap(tenant, tree)).toBe(true);
    expect(await swap(tenant, tree, 1)).toBe(false);
    expect((await treeOf(tenant)).aliases).toMatchObject([{ name: "production", versionNumber: 2 }]);
  });

  test("is not written when its version was retired or deleted since it was decided", async () => {
    for (const leave of [
      async (tenant: TestTenant) => await tenant.call("POST", "/v1/models/m/versions/2/retire"),
      async (tenant: TestTenant) => await tenant.call("DELETE", "/v1/models/m/versions/2"),
    ]) {
      const tenant = await tenantWithTwo();
      const tree = await treeOf(tenant);
      expect((await leave(tenant)).ok).toBe(true);
      expect(await swap(tenant, tree)).toBe(false);
      const after = await treeOf(tenant);
      expect(after.aliases).toMatchObject([{ versionNumber: 1 }]);
      expect(after.model).toEqual(tree.model);
    }
  });

  test("of one tenant is not written by another", async () => {
    const [tenant, stranger] = [await tenantWithTwo(), await newTenant()];
    expect(await swap(stranger, await treeOf(tenant))).toBe(false);
    expect((await treeOf(tenant)).aliases).toMatchObject([{ versionNumber: 1 }]);
  });
});

describe("a version to which callers were sent meanwhile", () => {
  test.each([
    ["an alias", "aliases/canary", { version: 2 }],
    ["traffic", "traffic", { weights: { "1": 99, "2": 1 } }],
  ])("by %s is neither retired nor deleted", async (_what, path, json) => {
    const tenant = await tenantWithTwo();
    const second = await secondOf(tenant);
    expect((await tenant.call("PUT", `/v1/models/m/${path}`, { json })).status).toBe(200);
    expect(await retire(tenant.id, db, second, NOW_MS)).toBe(false);
    expect(await deleteVersion(tenant.id, db, second)).toBe(false);
    expect(await secondOf(tenant)).toEqual(second);
  });

  test("gets no alias when it was retired", async () => {
    const tenant = await tenantWithTwo();
    const second = await secondOf(tenant);
    expect(await retire(tenant.id, db, second, NOW_MS)).toBe(true);
    const alias = { modelId: second.modelId, name: "canary", versionNumber: 2, updatedAtMs: NOW_MS };
    expect(await putAlias(tenant.id, db, alias)).toBeUndefined();
  });
});
