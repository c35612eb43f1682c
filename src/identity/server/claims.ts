import { APIError } from "better-auth/api";
import { membershipOf } from "../../members/members.service.ts";
import { type TenantId, isId } from "../../shared/ids.ts";
import { type Grant, TENANT_GRANTS, cutDown, grantFrom } from "../permissions.rules.ts";
import type { AuthWorld } from "./auth-world.ts";
import { type LogIn, requireWelcome } from "./welcome.ts";

/** What an access token says beyond what OAuth has it say. */
export interface AccessTokenClaims {
  /** The tenant that it is for. */
  readonly tid: TenantId;
  readonly roles: readonly string[];
  /** What the roles allow within the scope. */
  readonly permissions: readonly Grant[];
  /** The parent organisation that the roles come from, where the person is no member of the tenant. */
  readonly via?: TenantId;
  /** When all this was read, ms since 1970. */
  readonly iat_ms: number;
  readonly [claim: string]: unknown;
}

/** Whose token it is to be: a person's, who works in a tenant, or a client's own, which the tenant owns. */
interface Holder {
  readonly user?: { readonly id: string; readonly [field: string]: unknown } | null | undefined;
  /** The tenant that the person chose: bound to the code, the device or the refresh token. */
  readonly referenceId?: string | undefined;
  readonly client: { readonly referenceId?: string | null | undefined };
  readonly scopes: readonly string[];
  /** The person's log-in, where the token is got with it. */
  readonly logIn?: LogIn | undefined;
  /** What a client presented; undefined for who is logged in and asks themselves. */
  readonly grantType?: string | undefined;
}

/**
 * The claims of an access token, in every grant. Membership is read each time: who was removed refreshes no token.
 *
 * @throws APIError access_denied or invalid_grant where there is no tenant, or the person doesn't belong to it or is suspended
 */
export async function accessTokenClaims(
  { db, now }: Pick<AuthWorld, "db" | "now">,
  { user, referenceId, client, scopes, grantType, logIn }: Holder,
): Promise<AccessTokenClaims> {
  const readAtMs = now();
  const tid = (user ? referenceId : client.referenceId) ?? "";
  if (!isId("ten", tid)) throw refusal(grantType, "The token would be for no tenant: choose one first.");
  const scope = grantsWithin(scopes, grantType);
  if (!user) return { tid, roles: [], permissions: scope, iat_ms: readAtMs };
  if (user["status"] === "suspended") throw refusal(grantType, "The person is suspended.");
  const membership = isId("usr", user.id) ? await membershipOf(tid, db, user.id) : undefined;
  if (!membership || !isId("usr", user.id)) throw refusal(grantType, "The person does not belong to the tenant.");
  await requireWelcome({ tenantId: tid, userId: user.id, logIn, readAtMs }, db);
  const { roles, grants, via } = membership;
  return { tid, roles, permissions: cutDown(grants, scope), ...(via && { via }), iat_ms: readAtMs };
}

/** The permissions among scopes; those over the platform are for who asks themselves, and for no client. */
function grantsWithin(scopes: readonly string[], grantType: string | undefined): Grant[] {
  const grants = scopes.map(grantFrom).filter((grant) => grant !== undefined);
  return grantType === undefined ? grants : grants.filter((grant) => TENANT_GRANTS.includes(grant));
}

/** @see RFC 6749 section 5.2, RFC 8628 section 3.5 */
function refusal(grantType: string | undefined, description: string): APIError {
  const isWaiting = grantType?.endsWith(":device_code") ?? true;
  const body = { error: isWaiting ? "access_denied" : "invalid_grant", error_description: description };
  return new APIError(grantType === undefined ? "FORBIDDEN" : "BAD_REQUEST", body);
}
