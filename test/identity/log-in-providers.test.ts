import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { parseEnv } from "../../src/env.ts";
import { type Claims, type Falsehood, logInWithProvider } from "../support/identity-provider.ts";
import { newAddress } from "../support/mail.ts";
import { PASSWORD, newBrowser, newPerson } from "../support/people.ts";

type Otherwise = { readonly [Claim in keyof Claims]?: Claims[Claim] | undefined };

function claimsOf(email: string, more: Otherwise = {}): Claims {
  return { email_verified: true, name: "Ada", ...more, sub: crypto.randomUUID(), email };
}

const signInStatus = async (email: string, password = PASSWORD) =>
  (await newBrowser().call("POST", "/auth/sign-in/email", { email, password })).status;

describe("logging in with the deployment's OpenID provider", () => {
  test("makes an account of an address that the provider has verified, and finds it again", async () => {
    const claims = claimsOf(newAddress());
    const first = await logInWithProvider(claims);
    expect(first).toMatchObject({ status: 302, session: { user: { email: claims.email, emailVerified: true } } });
    expect(first.location).toMatch(/\/welcome$/);
    expect(await logInWithProvider(claims)).toMatchObject({ session: { user: { email: claims.email } } });
  });

  test("leads to the account that its owner has already", async () => {
    const ada = await newPerson();
    expect(await logInWithProvider(claimsOf(ada.email))).toMatchObject({ session: { user: { id: ada.id } } });
    expect(await signInStatus(ada.email)).toBe(200);
  });

  test("takes an account that nobody confirmed away from whoever signed up with the address", async () => {
    const email = newAddress();
    await newBrowser().call("POST", "/auth/sign-up/email", { name: "Eve", email, password: "waiting for the victim" });
    expect(await logInWithProvider(claimsOf(email))).toMatchObject({ session: { user: { email } } });
    expect(await signInStatus(email, "waiting for the victim")).toBe(401);
  });

  const REFUSED: [string, Otherwise, Falsehood & { variables?: Record<string, string> }][] = [
    ["whose address the provider has not verified", { email_verified: false }, {}],
    ["of whose address it does not say so", { email_verified: undefined }, {}],
    ["whose ID token was signed by somebody else", {}, { isForged: true }],
    ["whose ID token was made for another log-in", {}, { nonce: "another" }],
    ["who comes with a state that was never given", {}, { state: "invented" }],
    [
      "whose address lies outside of the provider's domains",
      {},
      { variables: { OIDC_ALLOWED_DOMAINS: "acme.example" } },
    ],
  ];

  test.each(REFUSED)("lets nobody in %s", async (_who, more, falsehood) => {
    const email = newAddress();
    const { session } = await logInWithProvider(claimsOf(email, more), falsehood);
    expect(session).toBeNull();
    const made = await env.DB.prepare("SELECT count(*) AS n FROM users WHERE email = ?").bind(email).first<number>("n");
    expect(made).toBe(0);
  });

  test.each(REFUSED)("links nothing to the account of somebody %s", async (_who, more, falsehood) => {
    const ada = await newPerson();
    expect((await logInWithProvider(claimsOf(ada.email, more), falsehood)).session).toBeNull();
  });

  test("lets in whose address lies in one of the provider's domains", async () => {
    const email = `${crypto.randomUUID()}@acme.example`;
    const variables = { OIDC_ALLOWED_DOMAINS: "other.example, acme.example" };
    expect(await logInWithProvider(claimsOf(email), { variables })).toMatchObject({ session: { user: { email } } });
  });
});

describe("the variables of providers", () => {
  const parsed = (variables: Record<string, string>) => parseEnv({ ...env, ...variables }).logInProviders;

  test("are left out where no provider is", () => {
    expect(parsed({})).toEqual({ google: undefined, github: undefined, oidc: undefined });
  });

  test.each([
    [{ GOOGLE_CLIENT_ID: "a" }, "GOOGLE_CLIENT_SECRET is missing"],
    [{ GITHUB_CLIENT_SECRET: "a" }, "GITHUB_CLIENT_ID is missing"],
    [{ OIDC_ISSUER: "https://id.example.com" }, "OIDC_CLIENT_ID is missing; OIDC_ISSUER can't do without it"],
    [{ OIDC_ISSUER: "http://id.example.com" }, "OIDC_ISSUER must be empty or the issuer's URL"],
    [{ OIDC_ALLOWED_DOMAINS: "Example" }, "must be domains in lower case"],
  ])("%j are refused, and named", (variables, message) => {
    expect(() => parsed(variables)).toThrow(message);
  });
});
