import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { SignJWT, exportJWK, generateKeyPair } from "jose";
import worker from "../../src/index.ts";
import { withOutside } from "./outside.ts";
import { newAddressOfNetwork } from "./people.ts";

const ISSUER = "https://id.example.com";
const CLIENT = { OIDC_ISSUER: ISSUER, OIDC_CLIENT_ID: "tensorgate", OIDC_CLIENT_SECRET: "known to two" };

/** What the provider says of whoever logs in there. */
export interface Claims {
  readonly sub: string;
  readonly email: string;
  readonly email_verified?: boolean | undefined;
  readonly name?: string | undefined;
}

/** What a test has the provider do otherwise than it should. */
export interface Falsehood {
  readonly isForged?: boolean;
  readonly nonce?: string;
  readonly state?: string;
}

/** Log in with an OpenID provider outside, as a browser does: from the button to the page that it leads back to. */
export async function logInWithProvider(
  claims: Claims,
  { variables = {}, ...falsehood }: Falsehood & { readonly variables?: Record<string, string> } = {},
): Promise<{ status: number; location: string; session: unknown }> {
  // each deployment has an authorization server of its own, by the origin that it is reached at
  const origin = `http://${crypto.randomUUID()}.tensorgate.test`;
  const keys = await generateKeyPair("ES256", { extractable: true });
  const forger = await generateKeyPair("ES256");
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: "one", alg: "ES256", use: "sig" };
  let nonce = "";
  const outside = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    if (pathname === "/.well-known/openid-configuration") return Response.json(discovery());
    if (pathname === "/jwks") return Response.json({ keys: [jwk] });
    if (pathname !== "/token") return new Response("Not found", { status: 404 });
    const idToken = await new SignJWT({ ...claims, nonce: falsehood.nonce ?? nonce })
      .setProtectedHeader({ alg: "ES256", kid: "one" })
      .setIssuer(ISSUER)
      .setAudience("tensorgate")
      .setIssuedAt()
      .setExpirationTime("5m")
      .sign(falsehood.isForged === true ? forger.privateKey : keys.privateKey);
    return Response.json({ access_token: "opaque", token_type: "Bearer", expires_in: 300, id_token: idToken });
  };
  return await withOutside(outside, async () => {
    const cookies = new Map<string, string>();
    const visit = async (path: string, init: RequestInit = {}): Promise<Response> => {
      const headers = new Headers(init.headers);
      headers.set("CF-Connecting-IP", newAddressOfNetwork());
      headers.set("Cookie", [...cookies].map(([name, value]) => `${name}=${value}`).join("; "));
      headers.set("Origin", origin);
      const context = createExecutionContext();
      const request = new Request(origin + path, { ...init, headers, redirect: "manual" });
      const response = await worker.fetch(request, { ...env, ...CLIENT, ...variables }, context);
      await waitOnExecutionContext(context);
      for (const line of response.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        cookies.set(name, value);
      }
      return response;
    };
    const begun = await visit("/auth/sign-in/social", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ provider: "oidc", callbackURL: "/welcome", errorCallbackURL: "/failed" }),
    });
    const { url }: { url: string } = await begun.json();
    const asked = new URL(url).searchParams;
    nonce = asked.get("nonce") ?? "";
    const state = falsehood.state ?? asked.get("state") ?? "";
    const back = await visit(`/auth/callback/oidc?code=one&state=${encodeURIComponent(state)}`);
    const session: unknown = await (await visit("/auth/get-session")).json();
    return { status: back.status, location: back.headers.get("Location") ?? "", session };
  });
}

function discovery() {
  return {
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}/authorize`,
    token_endpoint: `${ISSUER}/token`,
    userinfo_endpoint: `${ISSUER}/userinfo`,
    jwks_uri: `${ISSUER}/jwks`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256"],
  };
}
