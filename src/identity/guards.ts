import type { Context, Next } from "hono";
import { createMiddleware } from "hono/factory";
import { callerAddress } from "../http/caller-address.ts";
import type { AppEnv } from "../http/context.ts";
import { answerAgain, answerAndKeep, readIdempotency } from "../http/idempotency.ts";
import { problem } from "../http/problem.ts";
import { callerOrigin, heedOrigin } from "../http/cors.ts";
import { tellLimit } from "../http/rate-limit-headers.ts";
import { refuse } from "../http/refusals.ts";
import { PLATFORM_TENANT_ID } from "../shared/ids.ts";
import { INVALID_TOKEN, bearerToken, looksLikeJwt, missingCredentials, readCredential } from "./credentials.ts";
import { isOperatorsToken } from "./operator-token.ts";
import type { Grant } from "./permissions.rules.ts";

/**
 * Read the credential of a request, without any I/O: see {@link readCredential}.
 *
 * For routes that ask the cell themselves, as inference does.
 */
export const authenticated = createMiddleware<AppEnv>(async (c, next) => {
  const read = readCredential(c);
  const presented = read instanceof Promise ? await read : read; // what is known is not waited for
  if (presented instanceof Response) return presented;
  c.set("presented", presented);
  return await next();
});

/**
 * Let through who holds any one of these permissions in the tenant; a change that carries an idempotency key happens once.
 *
 * A route that lets people do something to what is theirs asks for the permission's nearest reach, `…:own`, and looks itself how
 * far the caller's reaches.
 */
export function requires(...anyScope: readonly Grant[]) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const presented = await readCredential(c);
    if (presented instanceof Response) return presented;
    c.set("presented", presented);
    return await passCell(c, next, anyScope, readIdempotency);
  });
}

/** Let through who holds any one of these permissions over the platform, and the operator's token, which holds them all. */
export function requiresPlatform(...anyScope: readonly PlatformGrant[]) {
  return platformGuard(anyScope, operateOnce, readIdempotency);
}

/** {@link requiresPlatform} for a route that reads the idempotency key itself, because it means more there than 24 hours. */
export function requiresPlatformWithKey(...anyScope: readonly PlatformGrant[]) {
  const operate = async (_c: unknown, next: Next) => {
    await next();
    return undefined;
  };
  return platformGuard(anyScope, operate, async () => await Promise.resolve(undefined));
}

type PlatformGrant = Extract<Grant, `${string}:platform`>;

type KeyReader = (c: Context<AppEnv>) => ReturnType<typeof readIdempotency>;

/** Ask the tenant's cell whether the caller may, and go on if so. */
async function passCell(
  c: Context<AppEnv>,
  next: Next,
  anyScope: readonly Grant[],
  readKey: KeyReader,
): Promise<Response | undefined> {
  const idempotency = await readKey(c);
  if (idempotency instanceof Response) return idempotency;
  const { tenantId, credential } = c.var.presented;
  const origin = callerOrigin(c);
  const admission = await c.var.services.admit(tenantId, {
    kind: "access",
    credential,
    address: callerAddress(c),
    origin,
    endpoint: endpointOf(c.req.method, anyScope),
    model: c.req.param("model"),
    anyScope,
    idempotency,
  });
  heedOrigin(c, origin, admission);
  if (admission.kind === "admitted") throw new Error("The cell admitted an inference where access was asked for.");
  if (admission.kind === "repeated") return await answerAgain(c.var.services.answersOf(tenantId), admission);
  if (admission.kind !== "granted") return refuse(c, admission);
  const { callerId, userId, scopes, models, claim } = admission;
  c.set("caller", { tenantId, callerId, userId, scopes, models });
  await (claim ? answerAndKeep(c, next, c.var.services.answersOf(tenantId), claim) : next());
  tellLimit(c.res.headers, admission.limit);
  return undefined;
}

/** What manages access has limits of its own. */
const ADMINISTRATIVE: ReadonlySet<string> = new Set(["keys", "members", "roles", "clients", "organization"]);

/** The class of a route, for limits. */
function endpointOf(method: string, anyScope: readonly Grant[]): "read" | "write" | "admin" {
  if (anyScope.some((grant) => ADMINISTRATIVE.has(grant.split(":")[0] ?? ""))) return "admin";
  return method === "GET" || method === "HEAD" ? "read" : "write";
}

/** A person of the platform is asked about by the platform's own cell: what voids a token there holds here too. */
function platformGuard(
  anyScope: readonly Grant[],
  operate: (c: Context<AppEnv>, next: Next) => Promise<Response | undefined>,
  readKey: KeyReader,
) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const token = bearerToken(c);
    if (token === undefined) return missingCredentials(c, "the operator's token or an access token of the platform");
    if (isOperatorsToken(token, c.var.services.config.adminToken)) return await operate(c, next);
    if (!looksLikeJwt(token)) {
      return problem(c, "invalid-key", "The operator's token is not valid.", { headers: INVALID_TOKEN });
    }
    const presented = await readCredential(c);
    if (presented instanceof Response) return presented;
    if (presented.tenantId !== PLATFORM_TENANT_ID) {
      const detail = "The access token is of a tenant, and this is the platform's own API.";
      return problem(c, "invalid-token", detail, { headers: INVALID_TOKEN });
    }
    c.set("presented", presented);
    return await passCell(c, next, anyScope, readKey);
  });
}

/** Let the operator's request through, unless it repeats an earlier one. The path names the tenant, so a key belongs to it. */
async function operateOnce(c: Context<AppEnv>, next: Next): Promise<Response | undefined> {
  const idempotency = await readIdempotency(c);
  if (idempotency instanceof Response) return idempotency;
  if (!idempotency) {
    await next();
    return undefined;
  }
  const { operatorClaims } = c.var.services;
  const route = `${c.req.method} ${c.req.path}`;
  const claim = await operatorClaims.begin({ ...idempotency, route });
  switch (claim.kind) {
    case "taken":
      await answerAndKeep(c, next, operatorClaims, claim.held);
      return undefined;
    case "repeated":
      return await answerAgain(operatorClaims, claim);
    case "idempotency-in-flight":
    case "idempotency-mismatch":
      return refuse(c, claim);
  }
}
