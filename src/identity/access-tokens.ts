import { errors, jwtVerify } from "jose";
import { z } from "zod";
import type { Credential } from "../admission/credentials.rules.ts";
import { BoundedCache } from "../shared/bounded-cache.ts";
import type { Clock } from "../shared/clock.ts";
import { type CallerId, type TenantId, isId } from "../shared/ids.ts";
import { type Grant, grantFrom } from "./permissions.rules.ts";
import type { SigningKeys } from "./signing-keys.ts";

/** Whom access tokens are for: this API, at whichever host it is reached. @see RFC 8707 */
export const API_AUDIENCE = "urn:tensorgate:api";

/** Clocks of two machines may be apart so far, in seconds. */
const SKEW_SECONDS = 5;

/** The access tokens that are issued here. @see RFC 9068 (claims), RFC 9449: none is bound to a key of the client's */
const claimsSchema = z.object({
  /** The person; the client where it acts for itself. */
  sub: z.string(),
  tid: z.string(),
  client_id: z.string(),
  sid: z.string().optional(),
  jti: z.string().min(1),
  exp: z.number(),
  /** When what the token says was read, ms since 1970: what changed later makes it void. */
  iat_ms: z.number(),
  roles: z.array(z.string()),
  /** What the roles allow within the scope that was asked for. */
  permissions: z.array(z.string()),
});

/** A token that we issued and that has not expired: whether it is alive, the tenant's cell says. */
export interface VerifiedToken {
  readonly kind: "verified";
  readonly tenantId: TenantId;
  readonly credential: Extract<Credential, { kind: "token" }>;
}

/** Why a text is no token of ours. */
export interface RefusedToken {
  readonly kind: "refused";
  readonly reason: "malformed" | "expired" | "not-yet-valid" | "other-issuer" | "other-audience" | "forged";
}

/** Reads access tokens without asking anybody, and those that it has read lately without any cryptography. */
export class AccessTokens {
  readonly #keys: SigningKeys;
  readonly #now: Clock;
  /** Tokens that were verified, with their issuer: each is asked again for its time alone. */
  readonly #verified = new BoundedCache<VerifiedToken & { readonly issuer: string }>(2_000);

  constructor(keys: SigningKeys, now: Clock) {
    this.#keys = keys;
    this.#now = now;
  }

  /** @param issuer  this deployment's origin */
  read(token: string, issuer: string): VerifiedToken | RefusedToken | Promise<VerifiedToken | RefusedToken> {
    const known = this.#verified.get(token);
    if (known?.issuer !== issuer) return this.#verify(token, issuer);
    return this.#now() < known.credential.expiresAtMs ? known : { kind: "refused", reason: "expired" };
  }

  async #verify(token: string, issuer: string): Promise<VerifiedToken | RefusedToken> {
    try {
      const { payload } = await jwtVerify(token, async ({ kid }) => await this.#keyOf(kid), {
        algorithms: ["EdDSA"],
        typ: "at+jwt",
        issuer,
        audience: API_AUDIENCE,
        clockTolerance: SKEW_SECONDS,
        currentDate: new Date(this.#now()),
      });
      const verified = tokenFrom(payload);
      if (!verified) return { kind: "refused", reason: "malformed" };
      this.#verified.set(token, { ...verified, issuer });
      return verified;
    } catch (error) {
      if (error instanceof errors.JOSEError) return { kind: "refused", reason: reasonOf(error) };
      throw error;
    }
  }

  async #keyOf(kid: string | undefined) {
    const key = kid === undefined ? undefined : await this.#keys.find(kid);
    if (!key) throw new errors.JWKSNoMatchingKey();
    return key;
  }
}

function tokenFrom(payload: unknown): VerifiedToken | undefined {
  const { success, data } = claimsSchema.safeParse(payload);
  if (!success || !isId("ten", data.tid)) return undefined;
  const { tid: tenantId, sub, client_id: client, sid: session, jti: token, iat_ms: issuedAtMs, permissions } = data;
  const expiresAtMs = (data.exp + SKEW_SECONDS) * 1000;
  const callerId = callerFrom(sub);
  if (callerId === undefined) return undefined;
  const subjects = { user: sub, client, token, ...(session !== undefined && { session }) };
  const scopes = permissions.map(grantFrom).filter((grant): grant is Grant => grant !== undefined);
  return {
    kind: "verified",
    tenantId,
    credential: { kind: "token", issuedAtMs, expiresAtMs, callerId, scopes, subjects },
  };
}

function callerFrom(subject: string): CallerId | undefined {
  return isId("usr", subject) || isId("cli", subject) ? subject : undefined;
}

function reasonOf(error: errors.JOSEError): RefusedToken["reason"] {
  if (error instanceof errors.JWTExpired) return "expired";
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === "iss") return "other-issuer";
    if (error.claim === "aud") return "other-audience";
    if (error.claim === "nbf" || error.claim === "iat") return "not-yet-valid";
    return "malformed";
  }
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return "malformed";
  return "forged";
}
