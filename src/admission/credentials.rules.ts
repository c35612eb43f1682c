import type { Grant } from "../identity/permissions.rules.ts";
import type { CallerId, KeyId } from "../shared/ids.ts";
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
      /** Whose it is: what the ledger names, and what limits per key count for. */
      readonly callerId: CallerId;
      readonly scopes: readonly Grant[];
      /** The ids of the person, the log-in, the client, the parent organisation that its rights come from, and the token itself. */
      readonly subjects: Readonly<Partial<Record<Exclude<EpochKind, "tenant" | "key">, string>>>;
    };

/** What the holder of an API key may do. */
export interface KeyGrant {
  readonly keyId: KeyId;
  readonly scopes: readonly Grant[];
  readonly createdAtMs: number;
  readonly revokedAtMs: number | null;
  /** Addresses and networks that it may be used from; null: any. */
  readonly allowedIps: readonly string[] | null;
  /** Limits of its own, which count for this key alone. */
  readonly limits: Limits | null;
}

/** Who is calling, as far as admission goes. */
export interface Caller {
  readonly callerId: CallerId;
  readonly scopes: readonly Grant[];
  readonly allowedIps: readonly string[] | null;
  readonly limits: Limits | null;
}

export type CredentialRefusal =
  | { readonly kind: "unknown-key" }
  | { readonly kind: "revoked-key" }
  | { readonly kind: "credential-void" };

/** What the cell knows of credentials. */
export interface Credentials {
  keyByHash(hash: string): KeyGrant | undefined;
  /** Credentials of this subject that were issued before this moment are void; undefined when there is none. */
  notBeforeMs(kind: EpochKind, id: string): number | undefined;
}

/** Who holds this credential, if it is alive. */
export function identify(known: Credentials, credential: Credential): Caller | CredentialRefusal {
  if (credential.kind === "token") {
    const { callerId, scopes, issuedAtMs, subjects } = credential;
    const isVoid = isIssuedBefore(known, issuedAtMs, Object.entries(subjects));
    return isVoid ? { kind: "credential-void" } : { callerId, scopes, allowedIps: null, limits: null };
  }
  const key = known.keyByHash(credential.hash);
  if (!key) return { kind: "unknown-key" };
  if (key.revokedAtMs !== null) return { kind: "revoked-key" };
  const { keyId: callerId, scopes, allowedIps, limits, createdAtMs } = key;
  if (isIssuedBefore(known, createdAtMs, [["key", callerId]])) return { kind: "credential-void" };
  return { callerId, scopes, allowedIps, limits };
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
