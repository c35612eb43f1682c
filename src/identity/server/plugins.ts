import { oauthProvider } from "@better-auth/oauth-provider";
import { passkey } from "@better-auth/passkey";
import type { BetterAuthPlugin } from "better-auth";
import { type JwtOptions, jwt } from "better-auth/plugins/jwt";
import { twoFactor } from "better-auth/plugins/two-factor";
import { newId } from "../../shared/ids.ts";
import { ACCESS_TOKEN_SECONDS, API_AUDIENCE } from "../access-tokens.ts";
import { TENANT_GRANTS } from "../permissions.rules.ts";
import { LIFETIME_MS, OVERLAP_SECONDS } from "../signing-keys.rules.ts";
import { type SigningKeyRow, loadSigningKeys } from "../signing-keys.store.ts";
import type { AuthContext, AuthWorld } from "./auth-world.ts";
import { accessTokenClaims } from "./claims.ts";
import { consents } from "./consents.ts";
import { defaultResource } from "./default-resource.ts";
import { deletion } from "./deletion.ts";
import { deviceGrant } from "./device-grant.ts";
import { invitations } from "./invitations.ts";
import { limits } from "./limits.ts";
import { openIdProvider } from "./log-in-providers.ts";
import { organizations } from "./organizations.ts";
import { passwordPolicy } from "./password-policy.ts";
import { records } from "./records.ts";
import { replays } from "./replays.ts";
import { revocation } from "./revocation.ts";
import { secondFactors } from "./second-factors.ts";
import { sessionTenant, tenantOfSession } from "./session-tenant.ts";
import { tenantToken } from "./tenant-token.ts";
import { unverifiedAccounts } from "./unverified-accounts.ts";
import { passkeyOptions, verifiedPasskeys } from "./verified-passkeys.ts";

/** What better-auth does beyond passwords and sessions. */
export function authPlugins(world: AuthContext) {
  const { issuer, now } = world;
  const jwtOptions = tokenOptions(world);
  return [
    twoFactor({ issuer: "Tensorgate" }),
    limits(world),
    secondFactors(world),
    passwordPolicy(world),
    unverifiedAccounts(world),
    deletion(),
    records(world),
    passkey(passkeyOptions(issuer)),
    verifiedPasskeys(),
    ...openIdProvider(world),
    jwt(jwtOptions),
    tenantToken(world, jwtOptions, ACCESS_TOKEN_SECONDS),
    organizations(world),
    invitations(world),
    sessionTenant(world),
    defaultResource,
    replays(world),
    revocation(world),
    consents(world),
    asPlugin(
      oauthProvider({
        loginPage: "/sign-in",
        consentPage: "/consent",
        postLogin: {
          page: "/choose-tenant",
          shouldRedirect: async (loggedIn) => (await tenantOfSession(world, loggedIn)) === undefined,
          consentReferenceId: async (loggedIn) => await tenantOfSession(world, loggedIn),
        },
        scopes: ["openid", "profile", "email", "offline_access", ...TENANT_GRANTS],
        accessTokenExpiresIn: ACCESS_TOKEN_SECONDS,
        m2mAccessTokenExpiresIn: ACCESS_TOKEN_SECONDS,
        idTokenExpiresIn: 3600,
        enforcePerClientResources: false,
        generateClientId: () => newId("cli", now()),
        extensions: [{ claims: { accessToken: async (input) => await accessTokenClaims(world, input) } }],
        rateLimit: RATE_LIMITS_ELSEWHERE,
      }),
    ),
    deviceGrant(world),
  ];
}

/** How tokens are signed: by keys that change each month, and are believed for a day after they signed their last. */
function tokenOptions({ issuer, db, now }: AuthWorld): JwtOptions {
  return {
    disableSettingJwtHeader: true,
    jwks: {
      keyPairConfig: { alg: "EdDSA", crv: "Ed25519" },
      rotationInterval: LIFETIME_MS / 1000,
      gracePeriod: OVERLAP_SECONDS,
    },
    adapter: { getJwks: async () => (await loadSigningKeys(db, now())).map(keyOf) },
    jwt: { issuer, audience: API_AUDIENCE, expirationTime: `${ACCESS_TOKEN_SECONDS}s` },
  };
}

function keyOf({ expiresAt, alg: _alg, crv: _crv, ...key }: SigningKeyRow) {
  return { ...key, ...(expiresAt && { expiresAt }), alg: "EdDSA", crv: "Ed25519" } as const;
}

/** Its types don't hold under `exactOptionalPropertyTypes`; all that is asked of a plugin is an id. */
function asPlugin(plugin: { readonly id: string }): BetterAuthPlugin {
  return plugin;
}

/** Attempts are counted in Durable Objects, before they come here. */
const RATE_LIMITS_ELSEWHERE = {
  token: false,
  authorize: false,
  introspect: false,
  revoke: false,
  register: false,
  userinfo: false,
} as const;
