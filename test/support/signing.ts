import { env } from "cloudflare:workers";
import { type CryptoKey, type JWTHeaderParameters, SignJWT, exportJWK, generateKeyPair } from "jose";
import { API_AUDIENCE } from "../../src/identity/access-tokens.ts";
import { TENANT_PERMISSIONS } from "../../src/identity/permissions.rules.ts";
import { type TenantId, newId } from "../../src/shared/ids.ts";

/** The origin at which tests call the Worker, and so the issuer of its tokens. */
export const ISSUER = "http://tensorgate.test";

/** A key of a test that signs tokens as the authorization server does. */
export interface Signer {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  /** Its public half as a JSON Web Key, as text. */
  readonly jwk: string;
}

export async function newSigner(kid: string = crypto.randomUUID()): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  return { kid, privateKey, jwk: JSON.stringify(await exportJWK(publicKey)) };
}

/** Have the Worker believe a key's tokens. It counts as one that no longer signs, so the authorization server does not sign with it. */
export async function publish({ kid, jwk }: Signer): Promise<void> {
  await env.DB.prepare(
    "INSERT INTO signing_keys (id, public_key, private_key, created_at, expires_at) VALUES (?, ?, '', 0, ?)",
  )
    .bind(kid, jwk, Date.now() - 1_000)
    .run();
}

/** What a token says, right or wrong. */
export type Claims = Record<string, unknown>;

/** What a good token of a person says; `undefined` takes a claim out. */
export function claimsOf(tenantId: TenantId, changed: Claims = {}, nowMs = Date.now()): Claims {
  const iat = Math.floor(nowMs / 1000);
  return {
    iss: ISSUER,
    aud: API_AUDIENCE,
    sub: newId("usr", nowMs),
    tid: tenantId,
    client_id: "tensorgate",
    sid: newId("ses", nowMs),
    jti: crypto.randomUUID(),
    roles: ["owner"],
    permissions: [...TENANT_PERMISSIONS],
    iat_ms: iat * 1000,
    iat,
    exp: iat + 300,
    ...changed,
  };
}

/** Sign a token; the header may be given otherwise than it is right. */
export async function sign(
  { kid, privateKey }: Signer,
  claims: Claims,
  header: Partial<JWTHeaderParameters> = {},
): Promise<string> {
  const headers = { alg: "EdDSA", typ: "at+jwt", kid, ...header };
  return await new SignJWT(claims).setProtectedHeader(headers).sign(privateKey);
}

/** The last part of a token. */
export function signatureOf(token: string): string {
  return token.slice(token.lastIndexOf(".") + 1);
}

/** Sign two parts as they are, whatever they say. */
export async function signParts({ privateKey }: Signer, header: unknown, payload: unknown): Promise<string> {
  const signed = `${part(header)}.${part(payload)}`;
  const signature = await crypto.subtle.sign("Ed25519", privateKey, Buffer.from(signed));
  return `${signed}.${Buffer.from(signature).toString("base64url")}`;
}

/** A value as one part of a token. */
export function part(value: unknown): string {
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
}
