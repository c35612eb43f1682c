import { randomBytes } from "node:crypto";
import type { Mailer } from "../email/mailer.ts";
import { auditRow } from "../events/audit.rules.ts";
import { type Grant, cutDown } from "../identity/permissions.rules.ts";
import { grantsOf } from "../identity/roles.rules.ts";
import { type CallerId, type InvitationId, type TenantId, type UserId, isId, newId } from "../shared/ids.ts";
import { sha256 } from "../shared/sha256.ts";
import { INVITATION_MS, OVER_KEPT_MS } from "./invitations.rules.ts";
import {
  countInvited,
  deleteInvitation,
  findInvitation,
  nameOfUser,
  putInvitation,
  renewInvitation,
  scopesOfKey,
} from "./invitations.store.ts";
import type { InvitationRow } from "./invitations.tables.ts";
import type { Author } from "./membership.service.ts";
import { MOST_MEMBERS, type RightsRefusal, refuseExcess, refuseUnknownRoles } from "./members.rules.ts";
import { type CellServices, membershipOf } from "./members.service.ts";
import { grantsOfRoles } from "./members.store.ts";
import { findOrganization } from "./organizations.store.ts";

/** What inviting takes. */
export interface InvitationServices extends Pick<CellServices, "db" | "now"> {
  readonly mailer: Pick<Mailer, "send">;
  /** The origin whose pages the mail leads to. */
  readonly issuer: string;
}

/** Who invites. */
export interface Inviter extends Author {
  readonly callerId: CallerId;
}

/** What became of a wish to invite somebody. */
export type Inviting =
  | { readonly kind: "invited"; readonly invitation: InvitationRow }
  | { readonly kind: "already-a-member" }
  | { readonly kind: "too-many" }
  /** A client: whether it still may when the invitation is accepted can't be told. */
  | { readonly kind: "not-an-inviter" }
  | { readonly kind: "invitation-not-found" }
  | RightsRefusal;

/**
 * Whether somebody may invite this address, before anything is written or sent.
 *
 * @param email  in lower case
 */
export async function mayInvite(
  tenantId: TenantId,
  { db, now }: Pick<CellServices, "db" | "now">,
  { email, roles }: Pick<InvitationRow, "email" | "roles">,
  by: Inviter,
): Promise<Exclude<Inviting, { kind: "invited" }> | undefined> {
  if (isId("cli", by.callerId)) return { kind: "not-an-inviter" };
  const own = await grantsOfRoles(tenantId, db, roles);
  const refusal = refuseUnknownRoles(tenantId, roles, own) ?? refuseExcess(grantsOf(roles, own), by.held);
  if (refusal) return refusal;
  const { count, isMember } = await countInvited(tenantId, db, email, now());
  if (isMember) return { kind: "already-a-member" };
  return count < MOST_MEMBERS ? undefined : { kind: "too-many" };
}

/** Invite an address that {@link mayInvite} lets through: an older invitation to it is dead from then on. */
export async function invite(
  tenantId: TenantId,
  services: InvitationServices,
  wish: Pick<InvitationRow, "email" | "roles">,
  by: Inviter,
): Promise<Inviting> {
  const createdAtMs = services.now();
  const { token, ...secret } = newSecret(createdAtMs);
  const invitation = {
    ...wish,
    ...secret,
    id: newId("inv", createdAtMs),
    invitedBy: by.callerId,
    createdAtMs,
    acceptedBy: null,
  };
  const audit = auditRow({ ...by, act: "member.invited", tenantId, targetId: invitation.id, after: wish }, createdAtMs);
  await putInvitation(tenantId, services.db, invitation, { audit, overBeforeMs: createdAtMs - OVER_KEPT_MS });
  await sendToken(services, { ...invitation, tenantId }, token);
  return { kind: "invited", invitation: { ...invitation, tenantId } };
}

/** Send an open invitation again, with another token and seven more days, on the rights of who does so: the older token is dead. */
export async function resend(
  tenantId: TenantId,
  services: InvitationServices,
  invitation: InvitationRow,
  by: Inviter,
): Promise<Inviting> {
  const nowMs = services.now();
  const { token, ...secret } = newSecret(nowMs);
  const renewed = { ...invitation, ...secret, invitedBy: by.callerId };
  const after = { email: invitation.email, roles: invitation.roles };
  const audit = auditRow({ ...by, act: "member.invited", tenantId, targetId: invitation.id, after }, nowMs);
  const { id, tokenHash, invitedBy, expiresAtMs } = renewed;
  const isDone = await renewInvitation(tenantId, services.db, { id, tokenHash, invitedBy, expiresAtMs }, audit);
  if (!isDone) return { kind: "invitation-not-found" };
  await sendToken(services, renewed, token);
  return { kind: "invited", invitation: renewed };
}

/** An open invitation of the tenant, or undefined. */
export async function openInvitation(
  tenantId: TenantId,
  { db }: Pick<CellServices, "db">,
  invitationId: InvitationId,
): Promise<InvitationRow | undefined> {
  return await findInvitation(tenantId, db, invitationId);
}

/** Withdraw an open invitation: its token is dead. @returns whether there was one */
export async function withdraw(
  tenantId: TenantId,
  { db, now }: Pick<CellServices, "db" | "now">,
  invitationId: InvitationId,
  by: Author,
): Promise<boolean> {
  const event = { ...by, act: "member.invitation_withdrawn", tenantId, targetId: invitationId } as const;
  return await deleteInvitation(tenantId, db, invitationId, auditRow(event, now()));
}

/** What who invited holds now: nothing, where they are gone. */
export async function heldByInviter(
  { db }: Pick<CellServices, "db">,
  { tenantId, invitedBy }: Pick<InvitationRow, "tenantId" | "invitedBy">,
): Promise<readonly Grant[]> {
  const ofPerson = async (userId: UserId) => (await membershipOf(tenantId, db, userId))?.grants ?? [];
  if (isId("usr", invitedBy)) return await ofPerson(invitedBy);
  const key = isId("key", invitedBy) ? await scopesOfKey(tenantId, db, invitedBy) : undefined;
  if (!key) return [];
  return key.userId === null ? key.scopes : cutDown(await ofPerson(key.userId), key.scopes);
}

function newSecret(nowMs: number) {
  const token = randomBytes(32).toString("base64url");
  return { token, tokenHash: sha256(token), expiresAtMs: nowMs + INVITATION_MS };
}

/** What the person is told is the same whether they have an account or not. */
async function sendToken(
  { db, mailer, issuer }: InvitationServices,
  { tenantId, email, roles, invitedBy, expiresAtMs }: InvitationRow,
  token: string,
): Promise<void> {
  const organisation = (await findOrganization(tenantId, db))?.name ?? tenantId;
  const inviter = (await nameOfUser(db, invitedBy)) ?? organisation;
  const url = `${issuer}/invitations/accept?token=${token}`;
  const data = { inviter, organisation, role: roles.join(", "), expiresAtMs, url };
  await mailer.send({ to: email, template: "invitation", data });
}
