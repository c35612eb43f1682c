import { APIError } from "better-auth/api";
import { membershipOf } from "../../members/members.service.ts";
import { type TenantId, isId } from "../../shared/ids.ts";
import { type Grant, cutDown, grantFrom } from "../permissions.rules.ts";
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
  readonly user?: { readonly id: string } | null | undefined;
  /** The tenant: bound to the code, the device or the client. */
  readonly referenceId?: string | undefined;
  readonly client: { readonly referenceId?: string | null | undefined };
  readonly scopes: readonly string[];
  /** The person's log-in, where the token is got with it. */
  readonly logIn?: LogIn | undefined;
}

/**
 * The claims of an access token, in every grant.
 *
 * @throws APIError access_denied where there is no tenant, or the person doesn't belong to it
 */
export async function accessTokenClaims(
  { db, now }: Pick<AuthWorld, "db" | "now">,
  { user, referenceId, client, scopes, logIn }: Holder,
): Promise<AccessTokenClaims> {
  const readAtMs = now();
  const tid = referenceId ?? client.referenceId ?? "";
  if (!isId("ten", tid)) throw denied("The token would be for no tenant: choose one first.");
  const scope = scopes.map(grantFrom).filter((grant) => grant !== undefined);
  if (!user) return { tid, roles: [], permissions: scope, iat_ms: readAtMs };
  const membership = isId("usr", user.id) ? await membershipOf(tid, db, user.id) : undefined;
  if (!membership || !isId("usr", user.id)) throw denied("The person does not belong to the tenant.");
  await requireWelcome({ tenantId: tid, userId: user.id, logIn, readAtMs }, db);
  const { roles, grants, via } = membership;
  return { tid, roles, permissions: cutDown(grants, scope), ...(via && { via }), iat_ms: readAtMs };
}

function denied(description: string): APIError {
  return new APIError("FORBIDDEN", { error: "access_denied", error_description: description });
}
