import { describe, expect, test } from "vitest";
import { callToTheEnd } from "../support/direct.ts";
import { addModel, addOneRequest, deploy, upload } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { storedObjects, storedRows } from "../support/registry.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

type Model = { id: string; name: string; description: string; aliases: Record<string, number>; versions: Version[] };
type Version = { id: string; version: number; aliases: string[] };

async function read(tenant: TestTenant, model: string): Promise<Model> {
  return await (await tenant.call("GET", `/v1/models/${model}`)).json();
}

/** What the model adds to 1, so that a version deployed with `addModel(n)` answers `1 + n`. */
async function served(tenant: TestTenant, path: string): Promise<number | string> {
  const response = await tenant.call("POST", `/v2/models/${path}/infer`, { json: addOneRequest });
  const body: { code?: string; outputs?: { data: number[] }[] } = await response.json();
  return body.outputs?.[0]?.data[0] ?? body.code ?? "nothing";
}

describe("naming a model", () => {
  test("is 201 with its id, its description, its place, and nothing to serve yet", async () => {
    const tenant = await newTenant();
    const response = await tenant.call("POST", "/v1/models", { json: { name: "iris", description: "Three species" } });
    expect(response.status).toBe(201);
    expect(response.headers.get("Location")).toBe("/v1/models/iris");
    const created: Model = await response.json();
    expect(created).toMatchObject({ name: "iris", description: "Three species", loaded: true });
    expect(created.id).toMatch(/^mdl_/);
    expect(await read(tenant, "iris")).toEqual({ ...created, aliases: {}, traffic: null, versions: [] });
    expect(await served(tenant, "iris")).toBe("version-not-found");
  });

  test.each(["a", "0", "resnet-50.v2_x", "x".repeat(63)])("may be %s", async (name) => {
    const tenant = await newTenant();
    expect((await tenant.call("POST", "/v1/models", { json: { name } })).status).toBe(201);
  });

  test.each(["", "Iris", "-a", ".a", "a/b", "ä", "a b", "x".repeat(64), 7, null])("may not be %j", async (name) => {
    const tenant = await newTenant();
    const problem = await expectProblem(
      await tenant.call("POST", "/v1/models", { json: { name } }),
      400,
      "invalid-request",
    );
    expect(problem["errors"]).toEqual([{ field: "name", message: expect.any(String) }]);
    expect(await storedRows(tenant)).toEqual({ models: 0, versions: 0, aliases: 0 });
  });

  test("takes 1,000 characters of description and not one more", async () => {
    const tenant = await newTenant();
    const describedBy = async (length: number) =>
      await tenant.call("POST", "/v1/models", { json: { name: "m", description: "x".repeat(length) } });
    const problem = await expectProblem(await describedBy(1001), 400, "invalid-request");
    expect(problem["errors"]).toMatchObject([{ field: "description" }]);
    expect((await describedBy(1000)).status).toBe(201);
  });

  test("is 409 for a name that the tenant has, and another tenant may have it too", async () => {
    const [tenant, other] = [await newTenant(), await newTenant()];
    expect((await tenant.call("POST", "/v1/models", { json: { name: "m" } })).status).toBe(201);
    const problem = await expectProblem(
      await tenant.call("POST", "/v1/models", { json: { name: "m" } }),
      409,
      "model-exists",
    );
    expect(problem.detail).toContain('"m"');
    expect((await other.call("POST", "/v1/models", { json: { name: "m" } })).status).toBe(201);
  });

  test("of twenty at once with one name, one is made", async () => {
    const tenant = await newTenant();
    const create = async () => await callToTheEnd(tenant, "POST", "/v1/models", { json: { name: "m" } });
    const attempts = Array.from({ length: 20 }, create);
    const statuses = (await Promise.all(attempts)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(19);
    expect(await storedRows(tenant)).toEqual({ models: 1, versions: 0, aliases: 0 });
  });
});

describe("listing models", () => {
  test("goes through all of them once, by name, in pages, and shows no other tenant's", async () => {
    const [tenant, other] = [await newTenant(), await newTenant()];
    for (const name of ["d", "b", "e", "a", "c"]) await tenant.call("POST", "/v1/models", { json: { name } });
    await other.call("POST", "/v1/models", { json: { name: "bb" } });
    const pages: string[][] = [];
    let after: string | null = "";
    while (after !== null) {
      const query: string = after === "" ? "" : `&after=${after}`;
      const page: { data: Model[]; next: string | null } = await (
        await tenant.call("GET", `/v1/models?limit=2${query}`)
      ).json();
      pages.push(page.data.map(({ name }) => name));
      after = page.next;
    }
    expect(pages).toEqual([["a", "b"], ["c", "d"], ["e"]]);
  });

  test("of a tenant without models is an empty page", async () => {
    expect(await (await (await newTenant()).call("GET", "/v1/models")).json()).toEqual({ data: [], next: null });
  });

  test.each(["limit=0", "limit=101", "limit=x"])("refuses %s and names limit", async (query) => {
    const problem = await expectProblem(
      await (await newTenant()).call("GET", `/v1/models?${query}`),
      400,
      "invalid-request",
    );
    expect(problem["errors"]).toMatchObject([{ field: "limit" }]);
  });
});

describe("an alias", () => {
  test("serves another version from the very next request on", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m", addModel(10));
    await upload(tenant, "m", addModel(20));
    expect(await served(tenant, "m")).toBe(11); // 1 + 10
    const response = await tenant.call("PUT", "/v1/models/m/aliases/production", { json: { version: 2 } });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ alias: "production", model: "m", version: 2 });
    expect(await served(tenant, "m")).toBe(21); // 1 + 20
    expect(await read(tenant, "m")).toMatchObject({
      aliases: { production: 2 },
      versions: [
        { version: 1, aliases: [] },
        { version: 2, aliases: ["production"] },
      ],
    });
  });

  test("of another name is served under its name, beside production", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m", addModel(10));
    await upload(tenant, "m", addModel(20));
    await tenant.call("PUT", "/v1/models/m/aliases/canary", { json: { version: 2 } });
    expect(await served(tenant, "m/versions/canary")).toBe(21);
    expect(await served(tenant, "m")).toBe(11);
  });

  test("that is deleted is served no more, and its version stays", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m", addModel(10));
    expect((await tenant.call("DELETE", "/v1/models/m/aliases/production")).status).toBe(204);
    expect(await served(tenant, "m")).toBe("version-not-found");
    expect(await served(tenant, "m/versions/1")).toBe(11);
    await expectProblem(await tenant.call("DELETE", "/v1/models/m/aliases/production"), 404, "alias-not-found");
  });

  test("of a version that the model does not have is 404, and the alias stays where it was", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m", addModel(10));
    const response = await tenant.call("PUT", "/v1/models/m/aliases/production", { json: { version: 2 } });
    const problem = await expectProblem(response, 404, "version-not-found");
    expect(problem.detail).toContain("no version 2");
    expect((await read(tenant, "m")).aliases).toEqual({ production: 1 });
  });

  test("of a model that the tenant does not have is 404", async () => {
    const response = await (await newTenant()).call("PUT", "/v1/models/m/aliases/production", { json: { version: 1 } });
    await expectProblem(response, 404, "model-not-found");
  });

  test.each([
    ["1st", { version: 1 }, "alias"],
    ["Canary", { version: 1 }, "alias"],
    ["a".repeat(64), { version: 1 }, "alias"],
    ["canary", { version: 0 }, "version"],
    ["canary", { version: 1.5 }, "version"],
    ["canary", { version: "1" }, "version"],
    ["canary", {}, "version"],
  ])("named %s with %j is refused and names %3$s", async (alias, json, field) => {
    const response = await (await newTenant()).call("PUT", `/v1/models/m/aliases/${alias}`, { json });
    const problem = await expectProblem(response, 400, "invalid-request");
    expect(problem["errors"]).toEqual([{ field, message: expect.any(String) }]);
  });
});

describe("deleting a version", () => {
  test("removes its row and its file, and its number is not used again", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m", addModel(10));
    await upload(tenant, "m", addModel(20));
    const [kept] = await storedObjects(tenant);
    expect(await served(tenant, "m/versions/2")).toBe(21);
    expect((await tenant.call("DELETE", "/v1/models/m/versions/2")).status).toBe(204);
    expect(await storedObjects(tenant)).toEqual([kept]);
    expect(await storedRows(tenant)).toEqual({ models: 1, versions: 1, aliases: 1 });
    expect(await served(tenant, "m/versions/2")).toBe("version-not-found");
    const next: Version = await (await upload(tenant, "m", addModel(30))).json();
    expect(next.version).toBe(3);
    expect(await served(tenant, "m/versions/3")).toBe(31);
  });

  test("is 409 while aliases point at it, names them, and removes nothing", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m", addModel(10));
    await tenant.call("PUT", "/v1/models/m/aliases/canary", { json: { version: 1 } });
    const problem = await expectProblem(await tenant.call("DELETE", "/v1/models/m/versions/1"), 409, "version-in-use");
    expect(problem).toMatchObject({ aliases: ["canary", "production"] });
    expect(await storedObjects(tenant)).toHaveLength(1);
    expect(await served(tenant, "m")).toBe(11);
  });

  test.each(["2", "0", "01", "production", "x"])("named %s, which it is not, is 404", async (version) => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    await expectProblem(await tenant.call("DELETE", `/v1/models/m/versions/${version}`), 404, "version-not-found");
    expect(await storedRows(tenant)).toMatchObject({ versions: 1 });
  });
});

describe("deleting a model", () => {
  test("removes its versions, aliases and files, and leaves other models alone", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "gone", addModel(10));
    await upload(tenant, "gone", addModel(20));
    await deploy(tenant, "kept", addModel(30));
    expect(await served(tenant, "gone")).toBe(11);
    expect((await tenant.call("DELETE", "/v1/models/gone")).status).toBe(204);
    expect(await storedRows(tenant)).toEqual({ models: 1, versions: 1, aliases: 1 });
    expect(await storedObjects(tenant)).toHaveLength(1);
    expect(await served(tenant, "gone")).toBe("model-not-found");
    expect(await served(tenant, "kept")).toBe(31);
    await expectProblem(await tenant.call("GET", "/v1/models/gone"), 404, "model-not-found");
    await expectProblem(await tenant.call("DELETE", "/v1/models/gone"), 404, "model-not-found");
  });

  test("frees its name for another model, which begins at version 1 with other bytes", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m", addModel(10));
    expect(await served(tenant, "m")).toBe(11);
    const before = await read(tenant, "m");
    await tenant.call("DELETE", "/v1/models/m");
    expect((await deploy(tenant, "m", addModel(20))).status).toBe(201);
    expect(await served(tenant, "m/versions/1")).toBe(21);
    expect((await read(tenant, "m")).id).not.toBe(before.id);
  });
});
