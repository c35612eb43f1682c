import { createHash, timingSafeEqual } from "node:crypto";
import type { Context, Next } from "hono";
import { createMiddleware } from "hono/factory";
import type { AppEnv, Credential } from "../http/context.ts";
import { answerAgain, answerAndKeep, readIdempotency } from "../http/idempotency.ts";
import { problem } from "../http/problem.ts";
import { callerAddress } from "../http/caller-address.ts";
import { callerOrigin, heedOrigin } from "../http/cors.ts";
import { tellLimit } from "../http/rate-limit-headers.ts";
import { refuse } from "../http/refusals.ts";
import { BoundedCache } from "../shared/bounded-cache.ts";
import { type Scope, parseApiKey } from "./keys.rules.ts";

/** SHA-256 of a key, base64url: the only form in which keys are stored, sent to cells and compared. */
export function hashApiKey(key: string): string {
  return createHash("sha256").update(key).digest("base64url");
}

/**
 * Read the API key of a request, without any I/O: a missing, mistyped or truncated key is refused here.
 *
 * Whether the key is alive is for the tenant's cell to say. For routes that ask the cell themselves, as inference does.
 */
export const authenticated = createMiddleware<AppEnv>(async (c, next) => {
  const credential = readCredential(c);
  if (credential instanceof Response) return credential;
  c.set("credential", credential);
  return await next();
});

/** Let through who holds a live API key with any one of these scopes; a change that carries an idempotency key happens once. */
export function requires(...anyScope: readonly Scope[]) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const credential = readCredential(c);
    if (credential instanceof Response) return credential;
    const idempotency = await readIdempotency(c);
    if (idempotency instanceof Response) return idempotency;
    const { tenantId, hash } = credential;
    const origin = callerOrigin(c);
    const answers = c.var.services.answersOf(tenantId);
    const admission = await c.var.services.admit(tenantId, {
      kind: "access",
      credential: { kind: "key", hash },
      address: callerAddress(c),
      origin,
      endpoint: endpointOf(c.req.method, anyScope),
      anyScope,
      idempotency,
    });
    heedOrigin(c, origin, admission);
    if (admission.kind === "admitted") throw new Error("The cell admitted an inference where access was asked for.");
    if (admission.kind === "repeated") return await answerAgain(answers, admission);
    if (admission.kind !== "granted") return refuse(c, admission);
    c.set("credential", credential);
    c.set("caller", { tenantId, keyId: admission.callerId, scopes: admission.scopes });
    await (admission.claim ? answerAndKeep(c, next, answers, admission.claim) : next());
    tellLimit(c.res.headers, admission.limit);
    return undefined;
  });
}

/** The class of a route, for limits: what manages access is a class of its own. */
function endpointOf(method: string, anyScope: readonly Scope[]): "read" | "write" | "admin" {
  if (anyScope.includes("keys:write")) return "admin";
  return method === "GET" || method === "HEAD" ? "read" : "write";
}

/** Let through who holds the operator's token; a change that carries an idempotency key happens once. */
export const operatorOnly = operatorGuard(operateOnce);

/** {@link operatorOnly} for a route that reads the idempotency key itself, because it means more there than 24 hours. */
export const operatorWithKey = operatorGuard(async (_c, next) => {
  await next();
  return undefined;
});

function operatorGuard(operate: (c: Context<AppEnv>, next: Next) => Promise<Response | undefined>) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const token = bearerToken(c);
    if (token === undefined) return missingCredentials(c, "the operator's token");
    const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
    if (timingSafeEqual(digest(token), digest(c.var.services.config.adminToken))) return await operate(c, next);
    return problem(c, "invalid-key", "The operator's token is not valid.", { headers: INVALID_TOKEN });
  });
}

/** Let the operator's request through, unless it repeats an earlier one. The path names the tenant, so a key belongs to it. */
async function operateOnce(c: Context<AppEnv>, next: Next): Promise<Response | undefined> {
  const idempotency = await readIdempotency(c);
  if (idempotency instanceof Response) return idempotency;
  const { operatorClaims } = c.var.services;
  const route = `${c.req.method} ${c.req.path}`;
  const claim = idempotency && (await operatorClaims.begin({ ...idempotency, route }));
  switch (claim?.kind) {
    case undefined:
      await next();
      return undefined;
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

const INVALID_TOKEN = { "WWW-Authenticate": 'Bearer realm="tensorgate", error="invalid_token"' };

function readCredential(c: Context<AppEnv>): Credential | Response {
  const token = bearerToken(c) ?? c.var.offeredKey;
  if (token === undefined) return missingCredentials(c, "an API key (tg_live_… or tg_test_…)");
  const credential = credentials.get(token) ?? parseCredential(token);
  if (credential) return credential;
  return problem(c, "invalid-key", "The API key is malformed: it was mistyped or cut short.", {
    headers: INVALID_TOKEN,
  });
}

/** Keys that were read lately: reading one anew takes a checksum and a SHA-256. Whether it is alive, the cell says each time. */
const credentials = new BoundedCache<Credential>(1_000);

function parseCredential(token: string): Credential | undefined {
  const parsed = parseApiKey(token);
  if (!parsed) return undefined;
  const credential = { ...parsed, hash: hashApiKey(token) };
  credentials.set(token, credential);
  return credential;
}

function bearerToken(c: Context<AppEnv>): string | undefined {
  return /^Bearer +([\x21-\x7e]+)$/i.exec(c.req.header("Authorization") ?? "")?.[1];
}

function missingCredentials(c: Context<AppEnv>, what: string): Response {
  return problem(c, "missing-credentials", `Send ${what} as \`Authorization: Bearer …\`.`, {
    headers: { "WWW-Authenticate": 'Bearer realm="tensorgate"' },
  });
}
