import { errors, jwtVerify } from "jose";
import { z } from "zod";
import type { Credential } from "../admission/credentials.rules.ts";
import { BoundedCache } from "../shared/bounded-cache.ts";
import type { Clock } from "../shared/clock.ts";
import { type CallerId, type TenantId, isId } from "../shared/ids.ts";
import { type Grant, grantFrom } from "./permissions.rules.ts";
import type { Background, KnownKey, SigningKeys } from "./signing-keys.ts";

/** Whom access tokens are for: this API, at whichever host it is reached. @see RFC 8707 */
export const API_AUDIENCE = "urn:tensorgate:api";

/** How long an access token holds; one that is older is not believed, whatever it says. */
export const ACCESS_TOKEN_SECONDS = 300;

/** A token that is longer than any of ours is not looked at. */
const MAX_TOKEN_CHARACTERS = 8 * 1024;

/** Three parts in base64url, not padded: what decodes to the same is no other form of it. @see RFC 7515 section 7.1 */
const FORM = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Clocks of two machines may be apart so far, in seconds. */
const SKEW_SECONDS = 5;

/** The access tokens that are issued here. @see RFC 9068 (claims), RFC 9449: none is bound to a key of the client's */
const claimsSchema = z.object({
  /** The person; the client where it acts for itself. */
  sub: z.string(),
  tid: z.string(),
  client_id: z.string(),
  sid: z.string().optional(),
  /** The parent organisation that the person's rights come from. */
  via: z.string().optional(),
  jti: z.string().min(1),
  exp: z.number(),
  iat: z.number(),
  /** When what the token says was read, ms since 1970: what changed later makes it void. */
  iat_ms: z.int(),
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
  /** What it says, where we signed it all the same. */
  readonly signed?: VerifiedToken;
}

/** A token that was verified: for this issuer, and until then. */
interface Remembered {
  readonly verified: VerifiedToken;
  readonly issuer: string;
  /** When the key that signed it is to be looked at again. */
  readonly untilMs: number;
}

/** What a token is held against. */
interface Expected {
  /** This deployment's origin. */
  readonly issuer: string;
  readonly background: Background;
}

/** Reads access tokens without asking anybody, and those that it has read lately without any cryptography. */
export class AccessTokens {
  readonly #keys: SigningKeys;
  readonly #now: Clock;
  /** By the whole text of the token, signature included, so that none can stand for another. */
  readonly #remembered = new BoundedCache<Remembered>(2_000);

  constructor(keys: SigningKeys, now: Clock) {
    this.#keys = keys;
    this.#now = now;
  }

  /** @throws what {@link SigningKeys.find} throws */
  read(token: string, expected: Expected): VerifiedToken | RefusedToken | Promise<VerifiedToken | RefusedToken> {
    const known = this.#remembered.get(token);
    if (known?.issuer !== expected.issuer) return this.#verify(token, expected);
    const nowMs = this.#now();
    const { verified } = known;
    if (nowMs >= verified.credential.expiresAtMs) return { kind: "refused", reason: "expired", signed: verified };
    return nowMs < known.untilMs ? verified : this.#verify(token, expected);
  }

  async #verify(token: string, { issuer, background }: Expected): Promise<VerifiedToken | RefusedToken> {
    if (token.length > MAX_TOKEN_CHARACTERS || !FORM.test(token)) return { kind: "refused", reason: "malformed" };
    let signer: KnownKey | undefined;
    const keyOf = async ({ kid }: { readonly kid?: unknown }) => {
      signer = typeof kid === "string" ? await this.#keys.find(kid, background) : undefined;
      if (!signer) throw new errors.JWKSNoMatchingKey();
      return signer.key;
    };
    try {
      const { payload } = await jwtVerify(token, keyOf, {
        algorithms: ["EdDSA"],
        typ: "at+jwt",
        issuer,
        audience: API_AUDIENCE,
        clockTolerance: SKEW_SECONDS,
        maxTokenAge: ACCESS_TOKEN_SECONDS,
        currentDate: new Date(this.#now()),
      });
      const verified = tokenFrom(payload);
      if (!verified) return { kind: "refused", reason: "malformed" };
      if (verified.credential.issuedAtMs > this.#now() + SKEW_SECONDS * 1000) {
        return { kind: "refused", reason: "not-yet-valid", signed: verified };
      }
      this.#remembered.set(token, { verified, issuer, untilMs: signer?.untilMs ?? 0 });
      return verified;
    } catch (error) {
      if (error instanceof errors.JOSEError) return refusalFrom(error);
      throw error;
    }
  }
}

function tokenFrom(payload: unknown): VerifiedToken | undefined {
  const { success, data } = claimsSchema.safeParse(payload);
  if (!success || !isId("ten", data.tid)) return undefined;
  const {
    tid: tenantId,
    sub,
    client_id: client,
    sid: session,
    via: parent,
    jti: token,
    iat_ms: issuedAtMs,
    permissions,
  } = data;
  const expiresAtMs = (Math.min(data.exp, data.iat + ACCESS_TOKEN_SECONDS) + SKEW_SECONDS) * 1000;
  const callerId = callerFrom(sub);
  if (callerId === undefined) return undefined;
  const subjects = {
    user: sub,
    client,
    token,
    ...(session !== undefined && { session }),
    ...(parent !== undefined && { parent }),
  };
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

function refusalFrom(error: errors.JOSEError): RefusedToken {
  const reason = reasonOf(error);
  // the claims are looked at after the signature: whose refusal carries them, the signature held
  const hasClaims = error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed;
  const signed = hasClaims ? tokenFrom(error.payload) : undefined;
  return { kind: "refused", reason, ...(signed && { signed }) };
}

function reasonOf(error: errors.JOSEError): RefusedToken["reason"] {
  if (error instanceof errors.JWTExpired) return "expired";
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === "iss") return "other-issuer";
    if (error.claim === "aud") return "other-audience";
    const isEarly = error.claim === "nbf" || error.claim === "iat";
    return isEarly && error.reason === "check_failed" ? "not-yet-valid" : "malformed";
  }
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return "malformed";
  return "forged";
}
