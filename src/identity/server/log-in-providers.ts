import type { BetterAuthOptions } from "better-auth";
import { genericOAuth } from "better-auth/plugins/generic-oauth";
import { deleteUnverified } from "../people.store.ts";
import type { AuthContext } from "./auth-world.ts";

/** What the deployment's own OpenID provider is called in paths. */
const OIDC = "oidc";

/** What is asked of a provider's profile, whatever else it says. */
interface Profile {
  readonly email?: unknown;
  readonly email_verified?: unknown;
}

/** Google and GitHub, where they are set up. */
export function socialProviders(world: AuthContext): NonNullable<BetterAuthOptions["socialProviders"]> {
  const { google, github } = world.logInProviders;
  const mapProfileToUser = async ({ email }: Profile) => await makeRoom(world, email);
  return {
    ...(google && { google: { ...google, mapProfileToUser } }),
    ...(github && { github: { ...github, mapProfileToUser } }),
  };
}

/** An OpenID provider of the deployment's own, where there is one. Its ID tokens are verified against its keys. */
export function openIdProvider(world: AuthContext) {
  const { oidc } = world.logInProviders;
  if (!oidc) return [];
  const { issuer, clientId, clientSecret } = oidc;
  const discoveryUrl = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  return [
    genericOAuth({
      config: [
        {
          providerId: OIDC,
          discoveryUrl,
          clientId,
          clientSecret,
          scopes: ["openid", "email", "profile"],
          pkce: true,
          requireIdTokenVerification: true,
          mapProfileToUser: async (profile: Profile) => ({
            emailVerified: profile.email_verified === true,
            ...(await makeRoom(world, profile.email)),
          }),
        },
      ],
    }),
  ];
}

/**
 * Who may come in through a provider: whose address the provider has verified, and lies in the domains that it speaks for. What it
 * only claims could be anybody's.
 */
export function refuseProfile(
  { logInProviders }: AuthContext,
  profile: { readonly email?: string | undefined; readonly emailVerified?: boolean | undefined },
  providerId: string,
): { error: string; errorDescription: string } | undefined {
  if (profile.emailVerified !== true) {
    return { error: "email_not_verified", errorDescription: "The provider has not verified the e-mail address." };
  }
  const domains = providerId === OIDC ? (logInProviders.oidc?.allowedDomains ?? []) : [];
  const domain = profile.email?.toLowerCase().split("@").at(-1) ?? "";
  if (domains.length === 0 || domains.includes(domain)) return undefined;
  return { error: "domain_not_allowed", errorDescription: "The provider does not speak for the address's domain." };
}

/**
 * An account whose address nobody confirmed goes before somebody comes with that address, and its password with it. Whether the
 * provider has verified the address is asked after: as little is lost as when somebody signs up with it.
 */
async function makeRoom({ db }: AuthContext, email: unknown): Promise<Record<string, never>> {
  if (typeof email === "string") await deleteUnverified(db, email);
  return {};
}
