import { type Doer, auditRow } from "../events/audit.rules.ts";
import { type Grant, holds } from "../identity/permissions.rules.ts";
import { grantsOf } from "../identity/roles.rules.ts";
import type { TenantId, UserId } from "../shared/ids.ts";
import { sha256 } from "../shared/sha256.ts";
import { readFor } from "./invitations.rules.ts";
import { heldByInviter } from "./invitations.service.ts";
import { acceptInvitation, findByToken, nameOfUser } from "./invitations.store.ts";
import type { InvitationRow } from "./invitations.tables.ts";
import { refuseExcess, refuseUnknownRoles } from "./members.rules.ts";
import { type CellServices, tellCell } from "./members.service.ts";
import { findMember, grantsOfRoles } from "./members.store.ts";
import { findOrganization } from "./organizations.store.ts";

/** A person who is logged in. */
export interface LoggedIn {
  readonly id: UserId;
  readonly email: string;
  readonly isVerified: boolean;
}

/** What somebody is invited to. */
export interface Offer {
  readonly kind: "offered";
  readonly tenantId: TenantId;
  readonly organization: string;
  readonly roles: readonly string[];
  /** Null where it was no person. */
  readonly inviter: string | null;
  readonly expiresAtMs: number;
}

/** Why an invitation does nothing for the person who has its token. */
export type OfferRefusal = { readonly kind: "invitation-not-found" } | { readonly kind: "other-address" };

/** What a person is invited to, who has the token of the mail. */
export async function readOffer(
  services: Pick<CellServices, "db" | "now">,
  token: string,
  person: LoggedIn,
): Promise<Offer | OfferRefusal> {
  const invitation = await findByToken(services.db, sha256(token));
  if (!invitation) return { kind: "invitation-not-found" };
  const reading = readFor(invitation, person, services.now());
  if (reading.kind === "other-address") return { kind: "other-address" };
  return reading.kind === "open" ? await offerOf(services, invitation) : { kind: "invitation-not-found" };
}

/** What became of a wish to accept an invitation. */
export type Acceptance =
  | { readonly kind: "accepted"; readonly tenantId: TenantId; readonly roles: readonly string[] }
  | OfferRefusal
  /** Who invited may not give these roles any more, or one of them has gone. */
  | { readonly kind: "inviter-lost-right" };

/**
 * Accept an invitation: once, by the person whose address it went to, and only while who invited could still give the roles.
 *
 * Accepting it again answers the same as long as the person is a member.
 */
export async function accept(services: CellServices, token: string, person: LoggedIn, by: Doer): Promise<Acceptance> {
  const { db } = services;
  const invitation = await findByToken(db, sha256(token));
  if (!invitation) return { kind: "invitation-not-found" };
  const reading = readFor(invitation, person, services.now());
  if (reading.kind === "other-address") return { kind: "other-address" };
  if (reading.kind === "dead") return { kind: "invitation-not-found" };
  if (reading.kind === "open") {
    if (!(await isStillGiven(services, invitation))) return { kind: "inviter-lost-right" };
    await join(services, invitation, person, by);
  }
  const { tenantId } = invitation;
  const member = await findMember(tenantId, db, person.id);
  if (!member) return { kind: "invitation-not-found" };
  return { kind: "accepted", tenantId, roles: member.roles };
}

async function join(services: CellServices, invitation: InvitationRow, { id }: LoggedIn, by: Doer): Promise<void> {
  const { tenantId, roles } = invitation;
  const atMs = services.now();
  const audit = auditRow({ ...by, act: "member.added", tenantId, targetId: id, after: { roles } }, atMs);
  await acceptInvitation(tenantId, services.db, invitation, { userId: id, atMs, audit });
  await tellCell(services, tenantId, id);
}

async function isStillGiven(services: Pick<CellServices, "db">, invitation: InvitationRow): Promise<boolean> {
  const { tenantId, roles } = invitation;
  const own = await grantsOfRoles(tenantId, services.db, roles);
  const held: readonly Grant[] = await heldByInviter(services, invitation);
  const given = grantsOf(roles, own);
  return holds(held, "members:write") && !refuseUnknownRoles(tenantId, roles, own) && !refuseExcess(given, held);
}

async function offerOf({ db }: Pick<CellServices, "db">, invitation: InvitationRow): Promise<Offer> {
  const { tenantId, roles, invitedBy, expiresAtMs } = invitation;
  const organization = await findOrganization(tenantId, db);
  const inviter = (await nameOfUser(db, invitedBy)) ?? null;
  return { kind: "offered", tenantId, organization: organization?.name ?? "", roles, inviter, expiresAtMs };
}
