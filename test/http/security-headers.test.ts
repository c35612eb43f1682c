import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Hono } from "hono";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { app } from "../../src/app.ts";
import { securityHeaders } from "../../src/http/security-headers.ts";
import { KEYED_ROUTES, callAsOwner, furnishedTenant } from "../support/keyed-routes.ts";
import { addOneRequest, deploy } from "../support/models.ts";
import { allRoutes, fillPath } from "../support/routes.ts";
import { call, newTenant, requestOf } from "../support/tenant.ts";

const API_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** Expect an answer to tell browsers what every answer does. */
function expectSecure(response: Response, what: string, caching = /^no-store/): void {
  const told = Object.fromEntries(response.headers);
  expect(told, what).toMatchObject({
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
  });
  const policy = told["content-security-policy"] ?? "";
  expect(policy, what).toContain("default-src ");
  expect(policy, what).toContain("frame-ancestors 'none'");
  expect(policy, what).not.toContain("unsafe");
  const isPage = told["content-type"]?.startsWith("text/html") === true;
  expect(isPage || policy === API_POLICY, `${what}: ${policy}`).toBe(true);
  expect(told["cache-control"], what).toMatch(caching);
}

/** What is the same for everybody. */
const PUBLISHED = /\/(\.well-known\/|auth\/jwks$)/;

/** All routes, those that take something away last, so that the others find it. */
const routes = allRoutes()
  .filter(({ path }) => !path.startsWith("/dev/")) // they show mails, whose styles stand in them, and only to developers
  .toSorted((one, other) => Number(one.method === "DELETE") - Number(other.method === "DELETE"));

describe("what every answer tells a browser", () => {
  let furnished: Awaited<ReturnType<typeof furnishedTenant>>;
  beforeAll(async () => {
    furnished = await furnishedTenant();
  });

  test.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))(
    "is told by %s to a stranger and to its caller, whatever comes of it",
    async (name, { method, path }) => {
      const { tenant, values } = furnished;
      const filled = fillPath(path, { ...values, link: "none", code: "invalid-key", entry_id: "ent_1" });
      const caching = PUBLISHED.test(path) ? /^public, max-age=300$/ : /^no-store/;
      expectSecure(await call(method, filled), "without credentials", caching);
      const asOwner = await callAsOwner(tenant, method, filled, KEYED_ROUTES[name]?.options ?? {});
      expectSecure(asOwner, "with credentials", caching);
    },
  );

  test("is told of a path and a method that there are not, and by a preflight", async () => {
    for (const [method, path] of [
      ["GET", "/nowhere"],
      ["DELETE", "/v2"],
      ["OPTIONS", "/v2/models/m/infer"],
      ["HEAD", "/v2"],
    ] as const) {
      expectSecure(await call(method, path), `${method} ${path}`);
    }
  });

  test("is told of a fault on our side", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const unconfigured = { ...env, ADMIN_TOKEN: "short" };
    const response = await app.fetch(requestOf("GET", "/v2"), unconfigured, createExecutionContext());
    log.mockRestore();
    expect(response.status).toBe(500);
    expectSecure(response, "a fault");
  });

  test("is told by an answer that opens a WebSocket", async () => {
    const tenant = await newTenant();
    const response = await tenant.call("GET", "/v1/usage/live", { headers: { Upgrade: "websocket" } });
    expect(response.status).toBe(101);
    expectSecure(response, "a WebSocket");
    response.webSocket?.accept();
    response.webSocket?.close();
  });

  test("leaves a page the policy that it names", async () => {
    const policy = "default-src 'self'; frame-ancestors 'none'";
    const pages = new Hono().use(securityHeaders);
    pages.get("/", (c) => c.html("<p>Hello</p>", 200, { "Content-Security-Policy": policy }));
    const response = await pages.request("/");
    expectSecure(withCacheControl(response), "a page");
    expect(response.headers.get("Content-Security-Policy")).toBe(policy);
  });
});

/** The page as the app sends it, which alone sees to caches. */
function withCacheControl(response: Response): Response {
  response.headers.set("Cache-Control", "no-store");
  return response;
}

describe("inference, which is a hot path", () => {
  test("answers with what every answer tells", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const response = await tenant.call("POST", "/v2/models/m/infer", { json: addOneRequest });
    expect(response.status).toBe(200);
    expectSecure(response, "inference");
  });
});
