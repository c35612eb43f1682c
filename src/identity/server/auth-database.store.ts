import { drizzleAdapter } from "@better-auth/drizzle-adapter";
import type { Database } from "../../shared/database.ts";
import * as tables from "../auth.tables.ts";

/** Which table answers to which model of better-auth. */
const MODELS = {
  user: tables.users,
  session: tables.sessions,
  account: tables.accounts,
  verification: tables.verifications,
  twoFactor: tables.secondFactors,
  jwks: tables.signingKeys,
  passkey: tables.passkeys,
  oauthClient: tables.oauthClients,
  oauthResource: tables.oauthResources,
  oauthClientResource: tables.oauthClientResources,
  oauthRefreshToken: tables.oauthRefreshTokens,
  oauthAccessToken: tables.oauthAccessTokens,
  oauthConsent: tables.oauthConsents,
  oauthClientAssertion: tables.oauthClientAssertions,
  deviceCode: tables.deviceCodes,
};

/** D1 as better-auth sees it. It has no interactive transactions: what belongs together happens step by step. */
export function authDatabase(db: Database) {
  return drizzleAdapter(db, { provider: "sqlite", schema: MODELS, transaction: false });
}
