import type { Grant } from "../identity/permissions.rules.ts";
import { type CallerId, type KeyId, type UserId, isId } from "../shared/ids.ts";
import { isListed } from "./addresses.rules.ts";
import type { Limits } from "./policies.rules.ts";

/**
 * Whom or what a `not_before` is about: all credentials of the tenant, of a person, of a log-in, of a client, of those who came from a
 * parent organisation, or one alone.
 */
export const EPOCH_KINDS = ["tenant", "user", "session", "client", "parent", "token", "key"] as const;
export type EpochKind = (typeof EPOCH_KINDS)[number];

/** A credential as it was presented: its form and its signature hold, but whether it is alive is not known yet. */
export type Credential =
  | {
      readonly kind: "key";
      /** SHA-256 of the API key, base64url. */
      readonly hash: string;
    }
  | {
      readonly kind: "token";
      readonly issuedAtMs: number;
      /** From when on it is refused, ms since 1970. */
      readonly expiresAtMs: number;
      /** Whose it is: what the ledger names, and what limits per key count for. */
      readonly callerId: CallerId;
      readonly scopes: readonly Grant[];
      /** The ids of the person, the log-in, the client, the parent organisation that its rights come from, and the token itself. */
      readonly subjects: Readonly<Partial<Record<Exclude<EpochKind, "tenant" | "key">, string>>>;
    };

/** What the holder of an API key may do. */
export interface KeyGrant {
  readonly keyId: KeyId;
  /** The person for whom it speaks; null where it speaks for the tenant alone. */
  readonly userId: UserId | null;
  /** Whether that person has left the tenant or is suspended. */
  readonly isOrphaned: boolean;
  /** What it was given, cut down to what its person may do now. */
  readonly scopes: readonly Grant[];
  readonly createdAtMs: number;
  readonly revokedAtMs: number | null;
  /** From when on it is refused; null: never. */
  readonly expiresAtMs: number | null;
  /** Names of the models that there are for it; null: all. */
  readonly models: readonly string[] | null;
  /** Addresses and networks that it may be used from; null: any. */
  readonly allowedIps: readonly string[] | null;
  /** Limits of its own, which count for this key alone. */
  readonly limits: Limits | null;
}

/** Who is calling, as far as admission goes. */
export interface Caller {
  readonly callerId: CallerId;
  /** The person who calls, or for whom a key speaks; null where nobody stands behind it. */
  readonly userId: UserId | null;
  readonly scopes: readonly Grant[];
  /** Names of the models that there are for the caller; null: all. */
  readonly models: readonly string[] | null;
  readonly allowedIps: readonly string[] | null;
  readonly limits: Limits | null;
}

export type CredentialRefusal =
  | { readonly kind: "unknown-key" }
  | { readonly kind: "revoked-key" }
  | { readonly kind: "key-expired"; readonly expiredAtMs: number }
  | { readonly kind: "orphaned-key" }
  | { readonly kind: "expired-token" }
  | { readonly kind: "credential-void" };

/** What the cell knows of credentials. */
export interface Credentials {
  keyByHash(hash: string): KeyGrant | undefined;
  /** Credentials of this subject that were issued before this moment are void; undefined when there is none. */
  notBeforeMs(kind: EpochKind, id: string): number | undefined;
}

/** Who holds this credential, if it is alive at this moment. */
export function identify(known: Credentials, credential: Credential, nowMs: number): Caller | CredentialRefusal {
  return credential.kind === "token" ? identifyToken(known, credential, nowMs) : identifyKey(known, credential, nowMs);
}

function identifyToken(
  known: Credentials,
  { callerId, scopes, issuedAtMs, expiresAtMs, subjects }: Extract<Credential, { kind: "token" }>,
  nowMs: number,
): Caller | CredentialRefusal {
  if (nowMs >= expiresAtMs) return { kind: "expired-token" };
  if (isIssuedBefore(known, issuedAtMs, Object.entries(subjects))) return { kind: "credential-void" };
  const userId = isId("usr", callerId) ? callerId : null;
  return { callerId, userId, scopes, models: null, allowedIps: null, limits: null };
}

function identifyKey(
  known: Credentials,
  { hash }: Extract<Credential, { kind: "key" }>,
  nowMs: number,
): Caller | CredentialRefusal {
  const key = known.keyByHash(hash);
  if (!key) return { kind: "unknown-key" };
  if (key.revokedAtMs !== null) return { kind: "revoked-key" };
  const { keyId: callerId, userId, scopes, models, allowedIps, limits, createdAtMs, expiresAtMs } = key;
  if (expiresAtMs !== null && nowMs >= expiresAtMs) return { kind: "key-expired", expiredAtMs: expiresAtMs };
  if (isIssuedBefore(known, createdAtMs, [["key", callerId]])) return { kind: "credential-void" };
  if (key.isOrphaned) return { kind: "orphaned-key" };
  return { callerId, userId, scopes, models, allowedIps, limits };
}

/** Whether there is a model of this name for a caller. */
export function isModelOf({ models }: Pick<Caller, "models">, name: string): boolean {
  return models === null || models.includes(name);
}

function isIssuedBefore(
  known: Credentials,
  issuedAtMs: number,
  subjects: readonly [kind: string, id: string][],
): boolean {
  const all: readonly [string, string][] = [["tenant", ""], ...subjects];
  return EPOCH_KINDS.some((kind) =>
    all.some(([subjectKind, id]) => subjectKind === kind && issuedAtMs < (known.notBeforeMs(kind, id) ?? 0)),
  );
}

/** Whether an address may call: it must be on the tenant's list and on the key's, where they have one. */
export function mayCallFrom(address: string, lists: readonly (readonly string[] | null)[]): boolean {
  return lists.every((list) => list === null || isListed(list, address));
}
