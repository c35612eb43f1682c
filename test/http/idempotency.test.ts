import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { cellOf } from "../support/cell.ts";
import { withStoppedClock } from "../support/clock.ts";
import { type DirectCallOptions, callToTheEnd } from "../support/direct.ts";
import { cellsWithout, replaced } from "../support/faulty.ts";
import { deploy } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { type TestTenant, call, callAsOperator, newKey, newTenant } from "../support/tenant.ts";

const START = "2030-01-01T00:00:00Z";
const DAY_MS = 24 * 3_600_000;
const LEASE_MS = 2 * 60_000;
const KEY = { "Idempotency-Key": '"order-1"' };

async function createModel(tenant: TestTenant, name = "m", options: DirectCallOptions = {}): Promise<Response> {
  return await callToTheEnd(tenant, "POST", "/v1/models", { headers: KEY, json: { name }, ...options });
}

async function modelNames(tenant: TestTenant): Promise<string[]> {
  const listed = z.object({ data: z.array(z.object({ name: z.string() })) });
  const { data } = listed.parse(await (await tenant.call("GET", "/v1/models")).json());
  return data.map(({ name }) => name);
}

const isReplayed = (response: Response): boolean => response.headers.get("Idempotent-Replayed") === "true";

function silence() {
  return vi.spyOn(console, "error").mockImplementation(() => undefined);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("an answer is kept", () => {
  test("for 24 hours, across evictions, and then the key stands for a new request", async () => {
    await withStoppedClock(START, async (clock) => {
      const tenant = await newTenant();
      const first = await createModel(tenant);
      clock.advanceMs(DAY_MS - 1);
      await evictDurableObject(cellOf(tenant));
      const again = await createModel(tenant);
      expect([again.status, isReplayed(again), await again.text()]).toEqual([201, true, await first.text()]);
      clock.advanceMs(1);
      await expectProblem(await createModel(tenant), 409, "model-exists");
    });
  });

  test("and removed with its key by the alarm, in the end", async () => {
    await withStoppedClock(START, async (clock) => {
      const tenant = await newTenant();
      await createModel(tenant);
      clock.advanceMs(DAY_MS);
      await runDurableObjectAlarm(cellOf(tenant));
      const left = await runInDurableObject(cellOf(tenant), (_cell, { storage }) =>
        storage.sql.exec("SELECT id FROM claims").toArray(),
      );
      expect(left).toEqual([]);
    });
  });

  test("where it refuses the request for what it is, though the same request would succeed by now", async () => {
    const tenant = await newTenant();
    const ask = async () =>
      await tenant.call("PUT", "/v1/models/m/aliases/spare", { headers: KEY, json: { version: 1 } });
    const first = await ask();
    expect(first.status).toBe(404);
    await deploy(tenant, "m");
    const again = await ask();
    expect([again.status, isReplayed(again), await again.text()]).toEqual([404, true, await first.text()]);
  });

  test("with the request's id of the first in its body, and its own in the header", async () => {
    const tenant = await newTenant();
    const ask = async () => await tenant.call("DELETE", "/v1/models/none", { headers: KEY });
    const [first, again] = [await ask(), await ask()];
    const { request_id: requestId }: { request_id: string } = await again.json();
    expect(requestId).toBe(first.headers.get("X-Request-Id"));
    expect(again.headers.get("X-Request-Id")).not.toBe(requestId);
  });

  test("with its headers", async () => {
    const tenant = await newTenant();
    const ask = async () => await tenant.call("POST", "/v1/models", { headers: { ...KEY }, body: "text" });
    const [first, again] = [await ask(), await ask()];
    expect([again.status, isReplayed(again)]).toEqual([415, true]);
    for (const name of ["Accept", "Content-Type"]) expect(again.headers.get(name)).toBe(first.headers.get(name));
    expect(again.headers.get("Accept")).toBe("application/json");
  });
});

describe("a key is free again", () => {
  test.each([
    ["409, which another try may not meet", 409, "model-exists"],
    ["403 for a scope, which is the caller's and not the request's", 403, "insufficient-scope"],
  ] as const)("after %s", async (_what, status, code) => {
    const owner = await newTenant();
    await createModel(owner, "m", { headers: {} });
    const limited = { ...owner, key: await newKey(owner.id, ["keys:write"]) };
    const [path, json] =
      status === 409 ? ["/v1/models", { name: "m" }] : ["/v1/keys", { name: "k", scopes: ["models:infer"] }];
    for (let time = 0; time < 2; time++) {
      const tenant = status === 409 ? owner : limited;
      const response = await callToTheEnd(tenant, "POST", path, { headers: KEY, json });
      expect(isReplayed(response)).toBe(false);
      await expectProblem(response, status, code);
    }
  });

  test("after a fault of ours: the next try runs", async () => {
    silence();
    const tenant = await newTenant();
    const DB = replaced(env.DB, "prepare", () => {
      throw new Error("D1 can't be reached.");
    });
    await expectProblem(await createModel(tenant, "m", { bindings: { DB } }), 500, "internal-error");
    const again = await createModel(tenant);
    expect([again.status, isReplayed(again)]).toEqual([201, false]);
  });

  test("after it was refused at admission, which never took it", async () => {
    await withStoppedClock(START, async (clock) => {
      const tenant = await newTenant();
      await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { status: "suspended" } });
      await expectProblem(await createModel(tenant), 403, "tenant-suspended");
      await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { status: "active" } });
      clock.advanceMs(1);
      expect((await createModel(tenant)).status).toBe(201);
    });
  });
});

describe("a key belongs to", () => {
  test("its tenant", async () => {
    const [tenant, other] = [await newTenant(), await newTenant()];
    await createModel(tenant);
    const response = await createModel(other);
    expect([response.status, isReplayed(response)]).toEqual([201, false]);
  });

  test("its route: another one may use it too", async () => {
    const tenant = await newTenant();
    await createModel(tenant);
    const response = await tenant.call("DELETE", "/v1/models/m", { headers: KEY });
    expect([response.status, isReplayed(response)]).toEqual([204, false]);
  });

  test("its path: another one on the same route is another request", async () => {
    const tenant = await newTenant();
    for (const name of ["m", "n"]) await createModel(tenant, name, { headers: {} });
    expect((await tenant.call("DELETE", "/v1/models/m", { headers: KEY })).status).toBe(204);
    await expectProblem(await tenant.call("DELETE", "/v1/models/n", { headers: KEY }), 422, "idempotency-mismatch");
    expect(await modelNames(tenant)).toEqual(["n"]);
  });

  test("its caller: another API key of the tenant never sees an answer that was not made for it", async () => {
    const tenant = await newTenant();
    const other = await newKey(tenant.id, ["keys:write"]);
    const options = { headers: KEY, json: { name: "k", scopes: ["models:infer"] } };
    expect((await tenant.call("POST", "/v1/keys", options)).status).toBe(201);
    const headers = { ...KEY, Authorization: `Bearer ${other}` };
    await expectProblem(await call("POST", "/v1/keys", { ...options, headers }), 422, "idempotency-mismatch");
  });
});

test("a GET has no use for a key, not even for a malformed one", async () => {
  const tenant = await newTenant();
  const list = async (key: string) => await tenant.call("GET", "/v1/models", { headers: { "Idempotency-Key": key } });
  expect((await list('"open')).status).toBe(200);
  await list('"order-1"');
  await createModel(tenant, "m", { headers: {} });
  const after = await list('"order-1"');
  expect([isReplayed(after), await after.text()]).toEqual([false, expect.stringContaining('"m"')]);
});

test("a body that says no length is read no further than JSON may go", async () => {
  const tenant = await newTenant();
  const chunk = new Uint8Array(32 * 1024);
  let pulled = 0;
  const body = new ReadableStream({
    pull: (controller) => {
      pulled += 1;
      controller.enqueue(chunk);
    },
  });
  const problem = await expectProblem(await createModel(tenant, "m", { json: undefined, body }), 413, "body-too-large");
  expect(problem).toMatchObject({ max_bytes: 65_536 });
  expect(pulled).toBeLessThan(10);
});

describe("a new API key is shown once to each who may see it", () => {
  const options = { headers: KEY, json: { name: "k", scopes: ["models:infer"] } };
  const made = z.object({ key: z.string() });

  test("and its text lies nowhere in the cell, where the answer is kept", async () => {
    const tenant = await newTenant();
    const { key } = made.parse(await (await tenant.call("POST", "/v1/keys", options)).json());
    const kept = await runInDurableObject(cellOf(tenant), (_cell, { storage }) =>
      storage.sql
        .exec<{ body: ArrayBuffer }>("SELECT body FROM claims")
        .toArray()
        .map(({ body }) => Buffer.from(body).toString("latin1")),
    );
    expect(kept).toHaveLength(1);
    for (const text of kept) {
      expect(text).not.toContain(key);
      expect(text).not.toContain("name");
    }
    expect(made.parse(await (await tenant.call("POST", "/v1/keys", options)).json())).toEqual({ key });
  });

  test("and its text lies nowhere in D1, where the operator's answers are kept", async () => {
    const tenant = await newTenant();
    const path = `/admin/tenants/${tenant.id}/keys`;
    const headers = { "Idempotency-Key": tenant.id };
    const { key } = made.parse(await (await callAsOperator("POST", path, { ...options, headers })).json());
    const { results } = await env.DB.prepare("SELECT hex(body) AS hex FROM operator_claims").all<{ hex: string }>();
    const kept = results.map(({ hex }) => Buffer.from(hex, "hex").toString("latin1")).join("\n");
    expect(kept).not.toContain(key);
    expect(made.parse(await (await callAsOperator("POST", path, { ...options, headers })).json())).toEqual({ key });
  });
});

describe("when a request has had its effect and its answer can't be kept", () => {
  test("the caller gets the answer, the fault is logged, and a repetition waits for the lease and runs again", async () => {
    const log = silence();
    await withStoppedClock(START, async (clock) => {
      const tenant = await newTenant();
      const bindings = { TENANT_CELL: cellsWithout("conclude") };
      expect((await createModel(tenant, "m", { bindings })).status).toBe(201);
      expect(JSON.stringify(log.mock.calls)).toContain("could not be kept");
      clock.advanceMs(LEASE_MS - 1);
      await expectProblem(await createModel(tenant), 409, "idempotency-in-flight");
      clock.advanceMs(1);
      await expectProblem(await createModel(tenant), 409, "model-exists");
    });
  });
});
