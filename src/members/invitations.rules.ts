import type { InvitationRow } from "./invitations.tables.ts";

const DAY_MS = 86_400_000;

/** How long an invitation holds. */
export const INVITATION_MS = 7 * DAY_MS;
/** How long one that is over is still kept, so that its link says so. */
export const OVER_KEPT_MS = 30 * DAY_MS;

/** An e-mail address as it is compared. */
export function normalEmail(email: string): string {
  return email.trim().toLowerCase();
}

/** What somebody with the token of an invitation may do with it. */
export type Reading =
  | { readonly kind: "open" }
  /** By the same person before. */
  | { readonly kind: "accepted" }
  /** Over, or accepted by somebody else. */
  | { readonly kind: "dead" }
  /** The person has not shown that the address that was invited is theirs. */
  | { readonly kind: "other-address" };

/** Read an invitation for a person who has its token: it is theirs only if its address is, and was verified. */
export function readFor(
  invitation: Pick<InvitationRow, "email" | "expiresAtMs" | "acceptedBy">,
  person: { readonly id: string; readonly email: string; readonly isVerified: boolean },
  nowMs: number,
): Reading {
  if (!person.isVerified || normalEmail(person.email) !== invitation.email) return { kind: "other-address" };
  if (invitation.acceptedBy !== null) return { kind: invitation.acceptedBy === person.id ? "accepted" : "dead" };
  return { kind: nowMs < invitation.expiresAtMs ? "open" : "dead" };
}
