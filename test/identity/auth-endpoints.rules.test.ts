import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { AUTH_ENDPOINTS, endpointOf } from "../../src/identity/auth-endpoints.rules.ts";
import { createServices } from "../../src/services.ts";
import { expectProblem } from "../support/problem.ts";
import { requestOf, call } from "../support/tenant.ts";

/** The paths of all endpoints that the configured server would answer over HTTP. */
async function servedPaths(): Promise<string[]> {
  const server = await createServices(env, requestOf("GET", "/"), () => undefined).authServer();
  const paths = Object.values(server.api).flatMap((endpoint) => {
    const { path, options } = endpoint;
    const metadata: unknown = Reflect.get(options, "metadata");
    const isServerOnly = typeof metadata === "object" && metadata !== null && "SERVER_ONLY" in metadata;
    return typeof path === "string" && !isServerOnly ? [path] : [];
  });
  return [...new Set(paths)].toSorted();
}

describe("AUTH_ENDPOINTS", () => {
  test("says of every endpoint of the server how often it may be tried, and of no other", async () => {
    expect(Object.keys(AUTH_ENDPOINTS).toSorted()).toEqual(await servedPaths());
  });

  test("counts whatever takes an e-mail, a password, a code or a client's secret", () => {
    const uncounted = Object.entries(AUTH_ENDPOINTS).flatMap(([path, rule]) =>
      typeof rule === "string" ? [path] : [],
    );
    expect(
      uncounted.filter((path) => /sign-(in|up)\/|password$|email$|\/verify-(totp|backup)|[/-]token$|code$/.test(path)),
    ).toEqual([
      "/verify-email", // takes a signed token of a mail
      "/verify-password", // disabled
      "/get-access-token", // disabled
      "/refresh-token", // disabled
      "/token", // disabled
      "/device/token", // disabled
    ]);
  });
});

test.each([
  ["/sign-in/email", "/sign-in/email"],
  ["/callback/google", "/callback/:id"],
  ["/reset-password", "/reset-password"],
  ["/reset-password/abc", "/reset-password/:token"],
  ["/reset-password/a/b", undefined],
  ["/sign-in/email/", undefined],
  ["/SIGN-IN/email", undefined],
  ["/token", undefined],
  ["/constructor", undefined],
  ["/__proto__", undefined],
  ["", undefined],
])("the path %j leads to the endpoint %j", (path, endpoint) => {
  expect(endpointOf(path)).toBe(endpoint);
});

test.each([
  "/auth/nothing",
  "/auth/token",
  "/auth/update-session",
  "/auth/sign-in%2Femail",
  "/auth//sign-in/email",
  "/auth/ok",
])("%s is no route", async (path) => {
  for (const method of ["GET", "POST"]) await expectProblem(await call(method, path), 404, "route-not-found");
});
