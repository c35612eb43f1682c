import type { Context } from "hono";
import type { AppEnv, Presented } from "../http/context.ts";
import { requestOriginOf } from "../http/doer.ts";
import { problem } from "../http/problem.ts";
import { BoundedCache } from "../shared/bounded-cache.ts";
import { sha256 } from "../shared/sha256.ts";
import type { RefusedToken } from "./access-tokens.ts";
import { parseApiKey } from "./keys.rules.ts";

/** The challenge to whoever presented what doesn't hold. @see RFC 6750 section 3 */
export const INVALID_TOKEN = { "WWW-Authenticate": 'Bearer realm="tensorgate", error="invalid_token"' };

/**
 * Read what a request presents: an API key or an access token. What is missing, mistyped, expired or not signed by us is refused
 * here, with no I/O but for a signing key that was never seen; whether it is alive is for the tenant's cell to say.
 */
export function readCredential(c: Context<AppEnv>): Presented | Response | Promise<Presented | Response> {
  const header = c.req.header("Authorization") ?? "";
  if (header.startsWith("Bearer eyJ")) return readAccessToken(c, header.slice("Bearer ".length));
  const known = header.startsWith("Bearer ") && keys.get(header.slice("Bearer ".length));
  if (known) return known;
  const token = bearerFrom(header) ?? c.var.offeredKey;
  if (token === undefined) return missingCredentials(c, "an API key (tg_live_… or tg_test_…) or an access token");
  if (looksLikeJwt(token)) return readAccessToken(c, token);
  const presented = keys.get(token) ?? parseKey(token);
  if (presented) return presented;
  return problem(c, "invalid-key", "The API key is malformed: it was mistyped or cut short.", {
    headers: INVALID_TOKEN,
  });
}

/** The token of the header Authorization; undefined where there is none. */
export function bearerToken(c: Context<AppEnv>): string | undefined {
  return bearerFrom(c.req.header("Authorization") ?? "");
}

function bearerFrom(header: string): string | undefined {
  return /^Bearer +([\x21-\x7e]+)$/i.exec(header)?.[1];
}

export function missingCredentials(c: Context<AppEnv>, what: string): Response {
  return problem(c, "missing-credentials", `Send ${what} as \`Authorization: Bearer …\`.`, {
    headers: { "WWW-Authenticate": 'Bearer realm="tensorgate"' },
  });
}

/** Three parts in base64url, the first of which begins with `{"`: no API key looks so. */
export function looksLikeJwt(token: string): boolean {
  return token.startsWith("eyJ");
}

function readAccessToken(c: Context<AppEnv>, token: string): Presented | Response | Promise<Presented | Response> {
  const { accessTokens, issuer } = c.var.services;
  const read = accessTokens.read(token, { issuer, background: c.executionCtx });
  const presentedOr = (result: Awaited<typeof read>) => (result.kind === "verified" ? result : refuseToken(c, result));
  return read instanceof Promise ? read.then(presentedOr) : presentedOr(read);
}

function refuseToken(c: Context<AppEnv>, { reason, signed }: RefusedToken): Response {
  if (signed) c.var.services.refusedTokens.note(signed, reason, requestOriginOf(c), c.executionCtx);
  return problem(c, "invalid-token", TOKEN_FAULTS[reason], { headers: INVALID_TOKEN });
}

const TOKEN_FAULTS: Readonly<Record<RefusedToken["reason"], string>> = {
  malformed: "This is no access token of this API.",
  forged: "The access token was not signed by this server, or with a key that is no longer in use.",
  expired: "The access token has expired; get a new one.",
  "not-yet-valid": "The access token is not valid yet.",
  "other-issuer": "The access token was issued by another server.",
  "other-audience": "The access token is for another API: ask for one with `resource=urn:tensorgate:api`.",
};

/** Keys that were read lately: reading one anew takes a checksum and a SHA-256. Whether it is alive, the cell says each time. */
const keys = new BoundedCache<Presented>(1_000);

function parseKey(token: string): Presented | undefined {
  const parsed = parseApiKey(token);
  if (!parsed) return undefined;
  const presented: Presented = {
    tenantId: parsed.tenantId,
    credential: { kind: "key", hash: sha256(token) },
  };
  keys.set(token, presented);
  return presented;
}
