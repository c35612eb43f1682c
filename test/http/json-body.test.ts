import { describe, expect, test } from "vitest";
import { z } from "zod";
import { app } from "../../src/app.ts";
import { deploy } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { type CallOptions, type TestTenant, callAsOperator, newTenant } from "../support/tenant.ts";

const KIB_64 = 64 * 1024;
const JSON_HEADERS = { "Content-Type": "application/json" };

const document = z.object({
  paths: z.record(
    z.string(),
    z.record(z.string(), z.looseObject({ requestBody: z.object({ content: z.looseObject({}) }).optional() })),
  ),
});

/**
 * Every route that the OpenAPI document gives a JSON body, but inference, whose bodies the model's isolate reads, and reports of
 * leaked keys, of which a signature is read before the body.
 */
const jsonRoutes = Object.entries(
  document.parse(app.getOpenAPI31Document({ openapi: "3.1.0", info: { title: "", version: "" } })).paths,
)
  .filter(([path]) => !path.startsWith("/v2/") && path !== "/secret-scanning/alerts")
  .flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
  .filter(({ operation }) => operation.requestBody && "application/json" in operation.requestBody.content)
  .map(({ method, path }): [string, { method: string; path: string }] => [`${method} ${path}`, { method, path }]);

/** What each route takes, by the part of the path after the model or the tenant, or by its last. */
const VALID: Record<string, object> = {
  name: { name: "new" },
  keys: { name: "k", scopes: ["models:infer"] },
  clients: { name: "c", grant_types: ["client_credentials"], scopes: ["models:infer"] },
  "{client_id}": {},
  aliases: { version: 1 },
  promote: { version: 1 },
  backends: { url: "https://triton.example.com", model: "m" },
  traffic: { weights: { "1": 100 } },
  "parent-access": { role: null },
  members: { roles: ["viewer"] },
  invitations: { email: "ada@example.com", roles: ["viewer"] },
  roles: { name: "r", grants: ["models:read"] },
  cors: { allowed_origins: [] },
  credits: { amount_micro_usd: 1 },
  reconcile: {},
};

test("these are the routes that take JSON", () => {
  expect(jsonRoutes.map(([name]) => name)).toEqual([
    "POST /v1/models",
    "PUT /v1/models/{model}/aliases/{alias}",
    "PUT /v1/models/{model}/traffic",
    "POST /v1/models/{model}/promote",
    "POST /v1/models/{model}/backends",
    "POST /v1/keys",
    "PATCH /v1/keys/{key_id}",
    "POST /v1/keys/{key_id}/rotate",
    "PATCH /v1/organization",
    "PUT /v1/parent-access",
    "PATCH /v1/members/{user_id}",
    "POST /v1/invitations",
    "POST /v1/roles",
    "PATCH /v1/roles/{role}",
    "POST /v1/teams",
    "PATCH /v1/teams/{team_id}",
    "POST /v1/clients",
    "PATCH /v1/clients/{client_id}",
    "PUT /v1/cors",
    "PUT /v1/security-policy",
    "POST /admin/tenants",
    "PATCH /admin/tenants/{tenant_id}",
    "POST /admin/tenants/{tenant_id}/keys",
    "POST /admin/tenants/{tenant_id}/credits",
    "POST /admin/usage/reconcile",
  ]);
});

describe.each(jsonRoutes)("%s", (_name, { method, path }) => {
  async function send(tenant: TestTenant, options: CallOptions): Promise<Response> {
    const filled = path.replace("{model}", "m").replace("{alias}", "production").replace("{tenant_id}", tenant.id);
    const headers = { ...(path.endsWith("/credits") && { "Idempotency-Key": '"grant"' }), ...options.headers };
    return path.startsWith("/admin")
      ? await callAsOperator(method, filled, { ...options, headers })
      : await tenant.call(method, filled, options);
  }

  test("takes no other media type, and says which one it takes", async () => {
    const tenant = await newTenant();
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "application/jsonp",
      "application/octet-stream",
    ]) {
      const response = await send(tenant, { body: "{}", headers: { "Content-Type": type } });
      expect(response.headers.get("Accept")).toBe("application/json");
      const problem = await expectProblem(response, 415, "unsupported-media-type");
      expect(problem.detail).toContain(type);
    }
  });

  test("refuses a body without a media type", async () => {
    const response = await send(await newTenant(), { body: new TextEncoder().encode("{}") });
    const problem = await expectProblem(response, 415, "unsupported-media-type");
    expect(problem.detail).toContain("missing");
  });

  test("says where malformed JSON breaks", async () => {
    // Characters before the fault: 1 of `{`, 1 line feed, 9 of `"name": x` up to the x → position 10, line 2, column 9.
    const response = await send(await newTenant(), { body: '{\n"name": x}', headers: JSON_HEADERS });
    const problem = await expectProblem(response, 400, "malformed-json");
    expect(problem).toMatchObject({ position: 10, line: 2, column: 9 });
    expect(problem.detail).toContain("line 2, column 9");
  });

  test("says of JSON that ends too early where it ends", async () => {
    const response = await send(await newTenant(), { body: '{"name": "a"', headers: JSON_HEADERS });
    expect(await expectProblem(response, 400, "malformed-json")).toMatchObject({ position: 12, line: 1, column: 13 });
  });

  test("says of an empty body that it is empty", async () => {
    const response = await send(await newTenant(), { body: "", headers: JSON_HEADERS });
    const problem = await expectProblem(response, 400, "malformed-json");
    expect(problem.detail).toContain("it is empty");
  });

  test("refuses a body that is not UTF-8, since replacing what is not would change it silently", async () => {
    const body = Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d); // {"\xff":1}
    const problem = await expectProblem(
      await send(await newTenant(), { body, headers: JSON_HEADERS }),
      400,
      "malformed-json",
    );
    expect(problem.detail).toContain("UTF-8");
  });

  test("takes 64 KiB and not one byte more, announced or in chunks", async () => {
    const tenant = await newTenant();
    const body = (bytes: number): string => `{"padding":"${"x".repeat(bytes - '{"padding":""}'.length)}"}`;
    const chunked = (text: string): ReadableStream => new Blob([text]).stream();
    for (const form of [(text: string) => text, chunked]) {
      const fits = await send(tenant, { body: form(body(KIB_64)), headers: JSON_HEADERS });
      await expectProblem(fits, 400, "invalid-request");
      const over = await send(tenant, { body: form(body(KIB_64 + 1)), headers: JSON_HEADERS });
      expect(await expectProblem(over, 413, "body-too-large")).toMatchObject({ max_bytes: KIB_64 });
    }
  });

  test("refuses a member that it does not know, and names it", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const parts = path.split("/");
    const wish = [-1, 4, 2].map((place) => VALID[parts.at(place) ?? ""]).find((found) => found) ?? VALID["name"];
    const response = await send(tenant, { json: { ...wish, surprise: 1 } });
    const problem = await expectProblem(response, 400, "invalid-request");
    expect(problem["errors"]).toEqual([{ field: "body", message: expect.stringContaining('"surprise"') }]);
  });

  test.each(["[]", "null", '"text"', "1"])("refuses %s, which is JSON and no object", async (body) => {
    const response = await send(await newTenant(), { body, headers: JSON_HEADERS });
    const problem = await expectProblem(response, 400, "invalid-request");
    expect(problem["errors"]).toEqual([{ field: "body", message: expect.stringContaining("expected object") }]);
  });
});

test("the media type may have parameters and any case", async () => {
  const tenant = await newTenant();
  const headers = { "Content-Type": "Application/JSON; charset=utf-8" };
  const response = await tenant.call("POST", "/v1/models", { body: '{"name":"m"}', headers });
  expect(response.status).toBe(201);
});

test("every field at fault is named, with what was expected of it", async () => {
  const tenant = await newTenant();
  const response = await tenant.call("POST", "/v1/keys", {
    json: { name: "", scopes: ["models:infer", "root"], mode: "dev" },
  });
  const problem = await expectProblem(response, 400, "invalid-request");
  expect(problem["errors"]).toEqual([
    { field: "name", message: expect.any(String) },
    { field: "scopes.1", message: expect.stringContaining('"models:read"|"models:write"|"models:infer"') },
    { field: "mode", message: expect.stringContaining('"live"|"test"') },
  ]);
  for (const field of ["name", "scopes.1", "mode"]) expect(problem.detail).toContain(`${field}: `);
});
