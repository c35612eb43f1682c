import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { app } from "../../src/app.ts";
import { GRANTS, type Grant, grantFrom, holds } from "../../src/identity/permissions.rules.ts";
import { PLATFORM_TENANT_ID, newId } from "../../src/shared/ids.ts";
import { callToTheEnd } from "../support/direct.ts";
import { expectProblem } from "../support/problem.ts";
import { fillPath } from "../support/routes.ts";
import { type Signer, claimsOf, newSigner, publish, sign } from "../support/signing.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

const METHODS = ["get", "put", "post", "patch", "delete"] as const;
const operationSchema = z.looseObject({ security: z.array(z.record(z.string(), z.array(z.string()))) });

/** A route as the OpenAPI document states it: any one of these permissions opens it. */
interface Guarded {
  readonly method: string;
  readonly path: string;
  readonly anyOf: readonly Grant[];
}

const { paths = {} } = app.getOpenAPI31Document({ openapi: "3.1.0", info: { title: "", version: "" } });
const operations = Object.entries(paths).flatMap(([path, item]) =>
  METHODS.flatMap((method) => (item[method] ? [{ method: method.toUpperCase(), path, operation: item[method] }] : [])),
);
const guarded = operations.map(({ method, path, operation }): Guarded => {
  const { security } = operationSchema.parse(operation);
  const stated = security.flatMap(({ accessToken = [] }) => accessToken);
  return { method, path, anyOf: stated.map(grantFrom).filter((grant) => grant !== undefined) };
});
const named = guarded
  .filter(({ anyOf }) => anyOf.length > 0)
  .map((route): [string, Guarded] => [`${route.method} ${route.path} (${route.anyOf.join(" or ")})`, route]);

let tenant: TestTenant;
let signer: Signer;
beforeAll(async () => {
  [tenant, signer] = [await newTenant(), await newSigner()];
  await publish(signer);
});

/** Knock with a token that allows this and nothing else, of the tenant whose API the route belongs to. */
async function knock({ method, path }: Guarded, permissions: readonly Grant[]): Promise<Response> {
  const tenantId = path.startsWith("/admin") ? PLATFORM_TENANT_ID : tenant.id;
  const token = await sign(signer, claimsOf(tenantId, { permissions }));
  return await callToTheEnd(tenant, method, fillPath(path.replaceAll(/\{(\w+)\}/g, ":$1"), anything), {
    headers: { Authorization: `Bearer ${token}` },
  });
}

/** Ids of nothing: what comes behind the guard does not find them. Every parameter has one, so that a new route needs none here. */
const anything = new Proxy<Record<string, string>>({}, { get: () => newId("evt", 0) });

test("every route is open to all, or states which permission opens it", () => {
  const open = operations.filter(({ operation }) => operationSchema.parse(operation).security.length === 0);
  expect(named.length + open.length).toBe(operations.length);
  expect(named.length).toBeGreaterThan(30);
});

describe.each(named)("%s", (_name, route) => {
  test("is refused to a token that allows everything but this, and says what is missing", async () => {
    const others = GRANTS.filter((grant) => route.anyOf.every((needed) => !holds([grant], needed)));
    const problem = await expectProblem(await knock(route, others), 403, "insufficient-scope");
    expect(problem["required_any_of"]).toEqual(route.anyOf);
  });

  test.each(route.anyOf)("lets a token through that allows %s alone", async (grant) => {
    const { status } = await knock(route, [grant]);
    expect([401, 403]).not.toContain(status);
  });

  test("is refused to a token that allows nothing", async () => {
    await expectProblem(await knock(route, []), 403, "insufficient-scope");
  });
});

describe("the platform's API", () => {
  const ofPlatform = named.filter(([, { path }]) => path.startsWith("/admin"));

  test.each(ofPlatform)(
    "%s is refused to a tenant's token that names the platform's permission",
    async (_name, route) => {
      const token = await sign(signer, claimsOf(tenant.id, { permissions: route.anyOf }));
      const path = fillPath(route.path.replaceAll(/\{(\w+)\}/g, ":$1"), anything);
      const headers = { Authorization: `Bearer ${token}` };
      await expectProblem(await callToTheEnd(tenant, route.method, path, { headers }), 401, "invalid-token");
    },
  );
});
