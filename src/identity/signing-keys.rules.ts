const DAY_MS = 86_400_000;

/** How long tokens of a key that no longer signs are still believed, in seconds: longer than any of them lives. */
export const OVERLAP_SECONDS = 86_400;

/**
 * How long a new key is published before it signs, in milliseconds: longer than any reader of ours remembers the keys, and than the
 * key set may be cached. So nobody meets a token whose key they don't know.
 */
export const LEAD_MS = 600_000;

/** How long the key set may be cached, in seconds. */
export const KEY_SET_SECONDS = 300;

/** When the schedule makes the next key. */
const ROTATE_AFTER_MS = 30 * DAY_MS;

/** How long a key signs, should the schedule fail: after it, the next token makes a new one. */
export const LIFETIME_MS = 37 * DAY_MS;

/** When a key was made and until when it signs, ms since 1970. */
export interface KeyTimes {
  /** When it begins to sign. */
  readonly signsFromMs: number;
  /** When it ceases to; null where that isn't set. */
  readonly signsUntilMs: number | null;
}

/** Where a key is in its life: published, signing, only believed, or no more than a row. */
export type KeyState = "next" | "signing" | "retired" | "expired";

/** A key, and where it is in its life. */
export interface SigningKey extends KeyTimes {
  readonly kid: string;
  readonly state: KeyState;
}

/** Where a key is in its life. The one that signs is the youngest that may. */
export function stateOf(key: KeyTimes, all: readonly KeyTimes[], nowMs: number): KeyState {
  if (key.signsFromMs > nowMs) return "next";
  const { signsUntilMs } = key;
  if (signsUntilMs !== null && signsUntilMs + OVERLAP_SECONDS * 1000 <= nowMs) return "expired";
  const youngest = signingAt(all, nowMs);
  return youngest?.signsFromMs === key.signsFromMs ? "signing" : "retired";
}

/** The key that signs at a moment; undefined where none does. */
function signingAt(keys: readonly KeyTimes[], nowMs: number): KeyTimes | undefined {
  return keys
    .filter(({ signsFromMs, signsUntilMs }) => signsFromMs <= nowMs && (signsUntilMs === null || signsUntilMs > nowMs))
    .toSorted((one, other) => other.signsFromMs - one.signsFromMs)[0];
}

/** When a key that is made now begins to sign: at once where no other does. */
export function signsFrom(keys: readonly KeyTimes[], nowMs: number): number {
  return signingAt(keys, nowMs) ? nowMs + LEAD_MS : nowMs;
}

/** Whether the youngest key is so old that the next one should be made. Where there is none, the first token makes it. */
export function isDue(keys: readonly KeyTimes[], nowMs: number): boolean {
  return keys.length > 0 && keys.every(({ signsFromMs }) => signsFromMs <= nowMs - ROTATE_AFTER_MS);
}
