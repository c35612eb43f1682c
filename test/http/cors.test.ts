import { describe, expect, test } from "vitest";
import { evictCell, readLedger } from "../support/cell.ts";
import { callToTheEnd } from "../support/direct.ts";
import { addOneRequest, deploy } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { allRoutes, fillPath } from "../support/routes.ts";
import { type CallOptions, type TestTenant, call, callAsOperator, newKey, newTenant } from "../support/tenant.ts";
import { newApiKey } from "../../src/identity/keys.rules.ts";

const APP = "https://app.example.com";
const OTHER = "https://evil.example";
const INFER = "/v2/models/m/infer";

async function tenantWith(...allowedOrigins: string[]): Promise<TestTenant> {
  const tenant = await newTenant();
  const set = await tenant.call("PUT", "/v1/cors", { json: { allowed_origins: allowedOrigins } });
  expect(set.status).toBe(200);
  return tenant;
}

function from(origin: string, options: CallOptions = {}): CallOptions {
  return { ...options, headers: { ...options.headers, Origin: origin } };
}

/** What an answer says to a page: who may read it, or nothing. */
function corsOf({ headers }: Response): string[] {
  return [...headers]
    .filter(([name]) => name.startsWith("access-control-"))
    .map(([name, value]) => `${name}: ${value}`);
}

function expectReadable(response: Response, origin = APP): void {
  expect(response.headers.get("Access-Control-Allow-Origin")).toBe(origin);
  expect(response.headers.get("Vary")).toContain("Origin");
  expect(response.headers.get("Access-Control-Expose-Headers")).toContain("RateLimit, RateLimit-Policy, Retry-After");
  expect(response.headers.has("Access-Control-Allow-Credentials")).toBe(false);
}

describe("a preflight", () => {
  const asking = { Origin: OTHER, "Access-Control-Request-Method": "POST" };

  test.each(allRoutes().filter(({ path }) => /^\/v[12](\/|$)/.test(path)))(
    "of $method $path is answered without a credential, and allows none that a browser sends by itself",
    async ({ method, path }) => {
      const names = { model: "m", version: "1", alias: "a", key_id: "k", entry_id: "e", tenant_id: "t" };
      const ids = { ...names, user_id: "u", role: "r", team_id: "t", invitation_id: "i", client_id: "c" };
      const headers = { Origin: APP, "Access-Control-Request-Method": method };
      const response = await call("OPTIONS", fillPath(path, ids), { headers });
      expect(response.status).toBe(204);
      expect(response.headers.get("Access-Control-Allow-Methods")).toContain(method);
      expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
      expect(response.headers.has("Access-Control-Allow-Credentials")).toBe(false);
    },
  );

  test("allows every header that the API reads", async () => {
    const response = await call("OPTIONS", INFER, { headers: asking });
    const allowed = response.headers.get("Access-Control-Allow-Headers")?.toLowerCase().split(", ");
    for (const name of ["Authorization", "Content-Type", "Idempotency-Key", "Inference-Header-Content-Length"]) {
      expect(allowed).toContain(name.toLowerCase());
    }
    expect(response.headers.get("Access-Control-Max-Age")).toBe("7200");
  });

  test("is none without Origin or the method that is asked for, and there is none elsewhere", async () => {
    await expectProblem(await call("OPTIONS", INFER, { headers: { Origin: OTHER } }), 405, "method-not-allowed");
    await expectProblem(await call("OPTIONS", INFER), 405, "method-not-allowed");
    for (const path of ["/admin/tenants", "/openapi.json"]) {
      const response = await call("OPTIONS", path, { headers: asking });
      expect(corsOf(response), path).toEqual([]);
      await expectProblem(response, 405, "method-not-allowed");
    }
  });
});

describe("a page of an origin that is on the list", () => {
  test("reads an inference, and the headers that tell of its charge and limits", async () => {
    const tenant = await tenantWith(APP);
    await deploy(tenant, "m");
    const response = await tenant.call("POST", INFER, from(APP, { json: addOneRequest }));
    expect(response.status).toBe(200);
    expectReadable(response);
    const exposed = response.headers.get("Access-Control-Expose-Headers")?.toLowerCase().split(", ");
    for (const name of ["ratelimit", "tensorgate-entry", "tensorgate-receipt", "x-request-id"]) {
      expect(exposed).toContain(name);
      expect(response.headers.has(name), name).toBe(true);
    }
  });

  test("reads what is refused for its limits, its model, its scope or its credential", async () => {
    const tenant = await tenantWith(APP);
    await deploy(tenant, "m");
    const missing = await tenant.call("POST", "/v2/models/none/infer", from(APP, { json: addOneRequest }));
    expectReadable(missing);
    await expectProblem(missing, 404, "model-not-found");
    const limits = { burst: 1, rate_per_second: 1 };
    await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { limits } });
    const calls = [1, 2, 3].map(
      async () => await callToTheEnd(tenant, "POST", INFER, from(APP, { json: addOneRequest })),
    );
    const refused = (await Promise.all(calls)).find(({ status }) => status === 429);
    if (!refused) throw new Error("None of three calls met a limit of one.");
    expectReadable(refused);
    const narrow = { ...tenant, key: await newKey(tenant.id, ["models:infer"]) };
    const forbidden = await callToTheEnd(narrow, "GET", "/v1/models", from(APP));
    expectReadable(forbidden);
    await expectProblem(forbidden, 403, "insufficient-scope");
    await callAsOperator("POST", `/admin/tenants/${tenant.id}/credentials/revoke`);
    const revoked = await tenant.call("GET", "/v1/models", from(APP));
    expectReadable(revoked);
    await expectProblem(revoked, 401, "credential-void");
  });

  test("reads an answer that is given again", async () => {
    const tenant = await tenantWith(APP);
    const headers = { "Idempotency-Key": '"once"' };
    const create = async (): Promise<Response> =>
      await tenant.call("POST", "/v1/models", from(APP, { json: { name: "once" }, headers }));
    expectReadable(await create());
    const again = await create();
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    expectReadable(again);
  });

  test("is still known to a cell that was evicted, and to one that reads D1 anew", async () => {
    const tenant = await tenantWith("https://*.example.com");
    await evictCell(tenant);
    expectReadable(await tenant.call("GET", "/v1/models", from(APP)));
  });
});

describe("a page of an origin that is not on the list", () => {
  test.each([[[]], [[APP]], [["https://*.example.com"]]])(
    "with %j on it is refused, charged nothing, and can't read why",
    async (list) => {
      const tenant = await tenantWith(...list);
      await deploy(tenant, "m");
      for (const origin of [
        OTHER,
        "null",
        "http://app.example.com",
        "nonsense",
        `https://${"a".repeat(400)}.example.com`,
      ]) {
        for (const response of [
          await tenant.call("POST", INFER, from(origin, { json: addOneRequest })),
          await tenant.call("GET", "/v1/models", from(origin)),
          await tenant.call("GET", "/v1/usage/live", from(origin, { headers: { Upgrade: "websocket" } })),
        ]) {
          expect(corsOf(response), origin).toEqual([]);
          await expectProblem(response, 403, "origin-not-allowed");
        }
      }
      expect(await readLedger(tenant)).toEqual([]);
    },
  );

  test("learns nothing of a tenant by a key that was never issued, nor does one that is on the list", async () => {
    const tenant = await tenantWith(APP);
    for (const origin of [APP, OTHER]) {
      const headers = { Authorization: `Bearer ${newApiKey(tenant.id, "live")}` };
      const response = await call("GET", "/v1/models", from(origin, { headers }));
      expect(corsOf(response)).toEqual([]);
      await expectProblem(response, 401, "invalid-key");
    }
  });

  test("changes nothing", async () => {
    const tenant = await tenantWith(APP);
    const refused = await tenant.call("PUT", "/v1/cors", from(OTHER, { json: { allowed_origins: [OTHER] } }));
    await expectProblem(refused, 403, "origin-not-allowed");
    expect(await (await tenant.call("GET", "/v1/cors")).json()).toEqual({ allowed_origins: [APP] });
  });
});

describe("a request that no page of another origin makes", () => {
  test("is asked for no origin: one without the header, and one of the service's own pages", async () => {
    const tenant = await newTenant();
    for (const options of [{}, from("http://tensorgate.test")]) {
      const response = await tenant.call("GET", "/v1/models", options);
      expect(response.status).toBe(200);
      expect(corsOf(response)).toEqual([]);
    }
  });

  test("is one of the origin under which the service is known outside", async () => {
    const tenant = await newTenant();
    const bindings = { PUBLIC_ORIGIN: "https://api.example.com" } as unknown as Partial<Env>;
    const own = from("https://api.example.com");
    expect((await callToTheEnd(tenant, "GET", "/v1/models", { ...own, bindings })).status).toBe(200);
    await expectProblem(await callToTheEnd(tenant, "GET", "/v1/models", own), 403, "origin-not-allowed");
  });
});

describe("the list", () => {
  test("is empty at first, is set by the tenant and by the operator, and holds when the call returns", async () => {
    const tenant = await newTenant();
    expect(await (await tenant.call("GET", "/v1/cors")).json()).toEqual({ allowed_origins: [] });
    const statusOf = async (): Promise<number> => (await tenant.call("GET", "/v1/models", from(APP))).status;
    expect(await statusOf()).toBe(403);
    const set = await tenant.call("PUT", "/v1/cors", { json: { allowed_origins: [APP, APP] } });
    expect(await set.json()).toEqual({ allowed_origins: [APP] });
    expect(await statusOf()).toBe(200);
    const json = { allowed_origins: [] };
    const changed = await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json });
    expect(await changed.json()).toMatchObject(json);
    expect(await statusOf()).toBe(403);
  });

  test.each([
    ["allowed_origins.0", { allowed_origins: ["https://app.example.com/"] }],
    ["allowed_origins.1", { allowed_origins: [APP, "app.example.com"] }],
    ["allowed_origins", { allowed_origins: APP }],
    ["allowed_origins", { allowed_origins: Array.from({ length: 101 }, (_, n) => `https://a${n}.example.com`) }],
    ["allowed_origins", {}],
  ])("names the field %s that does not fit, and stays", async (field, json) => {
    const tenant = await tenantWith(APP);
    const { errors } = await expectProblem(await tenant.call("PUT", "/v1/cors", { json }), 400, "invalid-request");
    expect(errors).toMatchObject([{ field }]);
    expect(await (await tenant.call("GET", "/v1/cors")).json()).toEqual({ allowed_origins: [APP] });
  });

  test("needs the scopes organization:read and organization:write", async () => {
    const tenant = await newTenant({ scopes: ["models:infer", "models:write", "models:read", "usage:read"] });
    await expectProblem(await tenant.call("GET", "/v1/cors"), 403, "insufficient-scope");
    const json = { allowed_origins: ["*"] };
    await expectProblem(await tenant.call("PUT", "/v1/cors", { json }), 403, "insufficient-scope");
  });

  test("ends the live feed of a page whose origin leaves it", async () => {
    const tenant = await tenantWith(APP);
    const opened = await tenant.call("GET", "/v1/usage/live", from(APP, { headers: { Upgrade: "websocket" } }));
    expect(opened.status).toBe(101);
    const { promise: bye, resolve } = Promise.withResolvers<string>();
    opened.webSocket?.addEventListener("message", ({ data }) => {
      if (String(data).includes('"bye"')) resolve(String(data));
    });
    opened.webSocket?.accept();
    await tenant.call("PUT", "/v1/cors", { json: { allowed_origins: [] } });
    expect(JSON.parse(await bye)).toEqual({ type: "bye", reason: "origin-not-allowed" });
    opened.webSocket?.close();
  });
});
