import { expect, test } from "vitest";
import { KEYED_ROUTES, callAsOwner, furnishedTenant, registryOf } from "../support/keyed-routes.ts";
import { addOneRequest } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { allRoutes, fillPath, isBetterAuths } from "../support/routes.ts";
import type { CallOptions } from "../support/tenant.ts";

/** The key is the id of the grant, which is never granted twice, not even after 24 hours: tests stand beside the route's. */
const READS_ITS_KEY_ITSELF = "POST /admin/tenants/:tenant_id/credits";

/** What a signature lets through, and what does no more when it is repeated: test/identity/leaks.routes.test.ts. */
const REPEATS_ITSELF = "POST /secret-scanning/alerts";

const changing = allRoutes()
  .filter((route) => !isBetterAuths(route))
  .filter(
    ({ method, path }) => method !== "GET" && ![READS_ITS_KEY_ITSELF, REPEATS_ITSELF].includes(`${method} ${path}`),
  )
  .map(({ method, path }) => [`${method} ${path}`, method, path] as const);

/** Routes whose success writes nothing to the registry: what they do is counted elsewhere, or they only read. */
const WRITES_NO_REGISTRY = /\/(infer|warmup|index|reconcile|signing-keys\/rotate)$/;

test("the walk below knows every route of the app that changes something, and no other", () => {
  expect(Object.keys(KEYED_ROUTES).toSorted()).toEqual(changing.map(([name]) => name).toSorted());
});

test.each(changing)(
  "%s is carried out once for a key; another request with it is 422, and what is no key 400",
  async (name, method, path) => {
    const { status, options = {}, prepare } = KEYED_ROUTES[name] ?? { status: 0 };
    const { tenant, values } = await furnishedTenant();
    await prepare?.(tenant);
    const key = `"${tenant.id}"`; // the operator's keys are those of all tests
    const ask = async (header: string, query = "", sent: CallOptions = options): Promise<Response> => {
      const headers = { ...sent.headers, "Idempotency-Key": header };
      return await callAsOwner(tenant, method, `${fillPath(path, values)}${query}`, { ...sent, headers });
    };
    const before = await registryOf(tenant);

    const { detail } = await expectProblem(await ask('"open'), 400, "invalid-request");
    expect(detail).toMatch(/^Idempotency-Key: /);
    expect(await registryOf(tenant)).toBe(before);

    const first = await ask(key);
    const after = await registryOf(tenant);
    expect([first.status, after === before]).toEqual([status, WRITES_NO_REGISTRY.test(path)]);

    const again = await ask(key);
    expect(again.status).toBe(status);
    expect([first, again].map(({ headers }) => headers.get("Idempotent-Replayed"))).toEqual([null, "true"]);
    expect(again.headers.get("Content-Type")).toBe(first.headers.get("Content-Type"));
    expect(await again.text()).toBe(await first.text());
    expect(await registryOf(tenant)).toBe(after);

    await expectProblem(await ask(key, "?another=1", anotherBody(path) ?? options), 422, "idempotency-mismatch");
    expect(await registryOf(tenant)).toBe(after);
  },
);

/** What makes it another request where the query says nothing: inference has no query. */
function anotherBody(path: string): CallOptions | undefined {
  return path.endsWith("/infer") ? { json: { ...addOneRequest, id: "another" } } : undefined;
}
