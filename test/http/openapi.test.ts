import { describe, expect, test } from "vitest";
import { z } from "zod";
import { grantFrom } from "../../src/identity/permissions.rules.ts";
import { allRoutes, isBetterAuths } from "../support/routes.ts";
import { call } from "../support/tenant.ts";

const operation = z.looseObject({
  operationId: z.string(),
  summary: z.string().min(5),
  tags: z.array(z.string()).length(1),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z.array(z.unknown()).optional(),
  responses: z.record(z.string(), z.unknown()),
});
const document = z.looseObject({
  openapi: z.string(),
  servers: z.array(z.object({ url: z.string() })),
  tags: z.array(z.looseObject({ name: z.string() })),
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()) }),
});

async function readDocument() {
  const response = await call("GET", "/openapi.json");
  expect(response.status).toBe(200);
  expect(response.headers.get("Content-Type")).toBe("application/json");
  return document.parse(await response.json());
}

async function readOperations() {
  const { paths } = await readDocument();
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, found]) => ({ name: `${method.toUpperCase()} ${path}`, ...found })),
  );
}

describe("/openapi.json", () => {
  test("is OpenAPI 3.1 and names the server that it was asked of", async () => {
    const { openapi, servers } = await readDocument();
    expect(openapi).toBe("3.1.0");
    expect(servers).toEqual([{ url: "http://tensorgate.test" }]);
  });

  test("lists every route of the app but itself and those for developers, and nothing else", async () => {
    const listed = (await readOperations()).map(({ name }) => name);
    const routed = allRoutes()
      .filter(({ path }) => path !== "/openapi.json" && !path.startsWith("/dev/") && !isBetterAuths({ path }))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
    expect(listed.toSorted()).toEqual(routed.toSorted());
  });

  test("gives every operation an id of its own, and a tag that the document explains", async () => {
    const operations = await readOperations();
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z][A-Za-z]+$/);
    const explained = (await readDocument()).tags.map(({ name }) => name);
    for (const { name, tags } of operations) expect(explained, name).toEqual(expect.arrayContaining(tags));
  });

  test("gives every operation an example: of its parameters, its request or its answer", async () => {
    const { components } = await readDocument();
    for (const { name, operationId: _id, ...rest } of await readOperations()) {
      const text = JSON.stringify(rest);
      const schemas = [...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map((match) => match[1] ?? "");
      const own = schemas.filter((schema) => schema !== "Problem").map((schema) => components.schemas[schema]);
      expect(text + JSON.stringify(own), name).toContain('"example"');
    }
  });

  test("names Idempotency-Key on every operation that changes something, and on no other", async () => {
    for (let time = 0; time < 2; time++) {
      for (const { name, parameters } of await readOperations()) {
        const stated = JSON.stringify(parameters ?? []).match(/idempotency-?key/gi) ?? [];
        expect(stated.length, name).toBe(name.startsWith("GET ") ? 0 : 1);
      }
    }
  });

  test("states for every operation how its caller authenticates, and what a problem looks like", async () => {
    for (const { name, security, responses } of await readOperations()) {
      const isPublic = /^(GET \/(v2$|v2\/health|errors|files|\.well-known)|POST \/secret-scanning\/)/.test(name);
      expect(security.length === 0, name).toBe(isPublic);
      const [other, token] = name.includes(" /admin") ? ["operatorToken", ":platform"] : ["apiKey", ""];
      for (const way of security) {
        const [scheme = "", grants = []] = Object.entries(way)[0] ?? [];
        expect([other, "accessToken"], name).toContain(scheme);
        if (scheme === "operatorToken") continue;
        expect(grants.map(grantFrom), name).toEqual([expect.stringMatching(new RegExp(`${token}$`))]);
      }
      for (const status of ["4XX", "5XX"]) {
        expect(responses[status], name).toMatchObject({
          content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
        });
      }
    }
  });
});
