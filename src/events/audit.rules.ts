import { type CallerId, type EventId, type TenantId, isId, newId } from "../shared/ids.ts";

/** Every act that is recorded, as `what.happened`. */
export const ACTS = [
  "person.signed_up",
  "person.verified_address",
  "person.changed_address",
  "person.logged_in",
  "person.failed_to_log_in",
  "person.locked_out",
  "person.logged_out",
  "person.changed_password",
  "person.reset_password",
  "person.suspended",
  "person.reinstated",
  "person.deleted",
  "session.revoked",
  "second_factor.switched_on",
  "second_factor.switched_off",
  "second_factor.failed",
  "passkey.added",
  "passkey.removed",
  "organization.created",
  "organization.changed",
  "organization.suspended",
  "organization.reinstated",
  "organization.credentials_voided",
  "member.invited",
  "member.invitation_withdrawn",
  "member.added",
  "member.roles_changed",
  "member.removed",
  "team.created",
  "team.changed",
  "team.deleted",
  "role.created",
  "role.changed",
  "role.deleted",
  "key.created",
  "key.changed",
  "key.rotated",
  "key.revoked",
  "key.leaked",
  "client.created",
  "client.changed",
  "client.secret_rotated",
  "client.deleted",
  "client.allowed",
  "token.refused",
  "token.revoked",
  "token.reused",
  "device.allowed",
  "signing_key.rotated",
  "credit.granted",
  "platform.bootstrapped",
] as const;
export type Act = (typeof ACTS)[number];

/** Who did it. */
export type Actor =
  | { readonly kind: "user" | "client" | "key"; readonly id: string }
  /** Whoever holds the operator's token. */
  | { readonly kind: "operator" }
  /** Nobody who is known: a log-in that failed, a leak that was reported. */
  | { readonly kind: "unknown" }
  | { readonly kind: "system" };

/** Where a request came from. */
export interface RequestOrigin {
  /** Empty where nothing says it. */
  readonly ipAddress: string;
  readonly userAgent: string;
  readonly requestId: string;
}

/** Who does something, and from where. */
export interface Doer {
  readonly actor: Actor;
  readonly origin: RequestOrigin;
}

/** One act. What was before and after is named as the API names it, and never holds a secret. */
interface AuditEvent extends Doer {
  readonly act: Act;
  /** The tenant that it concerns; null where it concerns a person or the platform alone. */
  readonly tenantId: TenantId | null;
  readonly targetId?: string | undefined;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** Longer ones are cut: they are the caller's to choose. */
const MAX_USER_AGENT_CHARACTERS = 300;

/** A text of the caller's own, cut and without what a terminal or a table would obey. */
function shownUserAgent(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, " ").slice(0, MAX_USER_AGENT_CHARACTERS);
}

/** Who an admitted caller is, in the words of the audit; the operator's token comes with no caller. */
export function actorOf(callerId: CallerId | undefined): Actor {
  if (callerId === undefined) return { kind: "operator" };
  if (isId("usr", callerId)) return { kind: "user", id: callerId };
  return { kind: isId("cli", callerId) ? "client" : "key", id: callerId };
}

/** An act as it is kept. */
export interface AuditRow extends RequestOrigin {
  readonly id: EventId;
  readonly atMs: number;
  readonly tenantId: TenantId | null;
  readonly act: Act;
  readonly actorKind: Actor["kind"];
  readonly actorId: string | null;
  readonly targetId: string | null;
  readonly before: unknown;
  readonly after: unknown;
}

/** The row of an act. A store writes it in the same batch as the change that it records, so that neither is without the other. */
export function auditRow(event: AuditEvent, nowMs: number): AuditRow {
  const { act, actor, tenantId, targetId = null, before = null, after = null, origin } = event;
  return {
    id: newId("evt", nowMs),
    atMs: nowMs,
    tenantId,
    act,
    actorKind: actor.kind,
    actorId: "id" in actor ? actor.id : null,
    targetId,
    ipAddress: origin.ipAddress,
    userAgent: shownUserAgent(origin.userAgent),
    requestId: origin.requestId,
    before,
    after,
  };
}
