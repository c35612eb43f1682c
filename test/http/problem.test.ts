import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import worker from "../../src/index.ts";
import { PROBLEMS } from "../../src/http/problems.ts";
import { expectProblem } from "../support/problem.ts";
import { call, newTenant, requestOf } from "../support/tenant.ts";

describe("routing", () => {
  test("a path that no route has is 404 and names the path", async () => {
    const problem = await expectProblem(await call("GET", "/v1/nothing"), 404, "route-not-found");
    expect(problem.detail).toContain("/v1/nothing");
  });

  test("a trailing slash makes another path", async () => {
    await expectProblem(await call("GET", "/v2/"), 404, "route-not-found");
  });

  test.each([
    ["DELETE", "/v1/models", "GET, HEAD, POST"],
    ["POST", "/v1/models/iris", "DELETE, GET, HEAD"],
    ["GET", "/v1/models/iris/aliases/production", "DELETE, PUT"],
    ["GET", "/v2/models/iris/infer", "POST"],
    ["PUT", "/admin/tenants/ten_1", "GET, HEAD, PATCH"],
    ["POST", "/openapi.json", "GET, HEAD"],
  ])("%s %s is 405 and Allow names %s", async (method, path, allowed) => {
    const response = await call(method, path);
    expect(response.headers.get("Allow")).toBe(allowed);
    await expectProblem(response, 405, "method-not-allowed");
  });

  test("HEAD answers as GET does, without a body", async () => {
    const response = await call("HEAD", "/v2/health/live");
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
  });
});

describe("a problem", () => {
  test("has the protocol's string member error on /v2, equal to its detail", async () => {
    for (const path of ["/v2/models/iris", "/v2/nothing"]) {
      const body: Record<string, unknown> = await (await call("GET", path)).json();
      expect(body["error"], path).toBe(body["detail"]);
    }
  });

  test("has no member error elsewhere", async () => {
    for (const path of ["/v1/models", "/v2x", "/admin/tenants", "/errors/none"]) {
      expect(await (await call("GET", path)).json(), path).not.toHaveProperty("error");
    }
  });

  test("of a fault says a fixed sentence outside and its cause in the log", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const request = requestOf("GET", "/v2");
    const unconfigured = { ...env, ADMIN_TOKEN: "short" };
    const response = await worker.fetch(request, unconfigured, createExecutionContext());
    const logged = JSON.stringify(log.mock.calls);
    log.mockRestore();
    const problem = await expectProblem(response, 500, "internal-error");
    expect(problem.detail).toBe("Something failed on our side. Give the request id when you ask about it.");
    expect(logged).toContain("ADMIN_TOKEN must have at least 32 characters");
    expect(logged).toContain(problem.request_id);
  });
});

describe("every answer", () => {
  test("has a request id of its own, in answers and in refusals", async () => {
    const paths = ["/v2", "/v2", "/v1/nothing", "/v1/models"];
    const ids = await Promise.all(paths.map(async (path) => (await call("GET", path)).headers.get("X-Request-Id")));
    for (const id of ids) expect(id).toMatch(/^req_[0-7][0-9a-z]{25}$/);
    expect(new Set(ids).size).toBe(paths.length);
  });

  test("is neither stored nor sniffed on its way", async () => {
    const tenant = await newTenant();
    for (const response of [await call("GET", "/v2"), await tenant.call("GET", "/v1/keys"), await call("GET", "/x")]) {
      expect(response.headers.get("Cache-Control")).toBe("no-store, no-transform");
      expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
    }
  });
});

describe("the page of an error", () => {
  test.each(Object.keys(PROBLEMS))("/errors/%s answers with markdown", async (code) => {
    const response = await call("GET", `/errors/${code}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toBe("text/markdown; charset=utf-8");
    expect(await response.text()).toMatch(new RegExp(`^## ${code}\n\n.+\n$`, "s"));
  });

  test("of a code that does not exist is 404", async () => {
    await expectProblem(await call("GET", "/errors/no-such-code"), 404, "route-not-found");
  });
});

describe("the server", () => {
  test.each([
    [
      "/v2",
      {
        name: "tensorgate",
        version: "0.1.0",
        extensions: ["binary_tensor_data", "model_repository", "model_configuration", "statistics"],
      },
    ],
    ["/v2/health/live", { live: true }],
    ["/v2/health/ready", { ready: true }],
  ])("%s tells anybody what the protocol asks for", async (path, expected) => {
    const response = await call("GET", path);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(expected);
  });
});
