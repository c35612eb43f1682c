const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** At most so many in any stretch of this length. */
export interface AttemptLimit {
  readonly most: number;
  readonly windowMs: number;
}

/** What bounds one kind of attempt. */
interface AttemptRule {
  /** Of one IPv4 address, or of one IPv6 network of 64 bits, which is what one customer is given. */
  readonly address: AttemptLimit;
  /** Of one account, whether it exists or not. */
  readonly account: AttemptLimit;
  /** Whether a network that the account was used from lately has a count of its own: strangers can't use it up. */
  readonly isApartForKnown?: boolean;
}

const RULES = {
  sign_up: { address: every(20, HOUR_MS), account: every(5, HOUR_MS) },
  log_in: { address: every(50, 5 * MINUTE_MS), account: every(20, 5 * MINUTE_MS), isApartForKnown: true },
  password_reset: { address: every(20, HOUR_MS), account: every(5, HOUR_MS), isApartForKnown: true },
  verification_mail: { address: every(20, HOUR_MS), account: every(5, HOUR_MS) },
  email_change: { address: every(20, HOUR_MS), account: every(5, HOUR_MS) },
  /** The account is who invites. */
  invitation: { address: every(60, HOUR_MS), account: every(30, HOUR_MS) },
  /** The account is the address that is invited, by whomever. */
  invitation_mail: { address: every(60, HOUR_MS), account: every(5, HOUR_MS) },
  /** The account is the device code, where a device asks whether it was approved; the person, for tokens of their session. */
  token: { address: every(120, MINUTE_MS), account: every(60, MINUTE_MS) },
  /** Asking for a code, and typing one in; the account is who types. */
  device_code: { address: every(30, 10 * MINUTE_MS), account: every(10, 10 * MINUTE_MS) },
  second_factor: { address: every(50, 5 * MINUTE_MS), account: every(10, 5 * MINUTE_MS) },
  /** The account is the owner. */
  tenant_creation: { address: every(20, HOUR_MS), account: every(3, HOUR_MS) },
} as const satisfies Record<string, AttemptRule>;

/** What may be tried by somebody who is not known yet, or at whose cost somebody else can be harmed. */
export type AttemptKind = keyof typeof RULES;

/** The rule of a kind. */
export const ATTEMPT_RULES: Readonly<Record<AttemptKind, AttemptRule>> = RULES;

/** How many failures in a row lock: those from one network, and those of the account from wherever. */
export const LOCKS = {
  log_in: { network: 5, account: 50 },
  second_factor: { network: 5, account: 20 },
} as const;

/** Attempts that fail when a secret is guessed wrongly, and that are locked for it. */
export type GuessKind = keyof typeof LOCKS;

/** Whether failures of this kind lock. */
export function isGuess(kind: AttemptKind): kind is GuessKind {
  return Object.hasOwn(LOCKS, kind);
}

const FIRST_LOCK_MS = MINUTE_MS;
const LONGEST_LOCK_MS = HOUR_MS;

/** How long failures are remembered after the last of them. */
export const FAILURES_KEPT_MS = DAY_MS;
/** How long a network stays known after the account was used from it. */
export const NETWORK_KNOWN_MS = 30 * DAY_MS;
/** How many networks of an account are known; the one that was used least recently goes first. */
export const MOST_KNOWN_NETWORKS = 8;

/** Failures in a row, and until when they lock, ms since 1970; 0 where they don't. */
export interface Failures {
  readonly count: number;
  readonly lockedUntilMs: number;
}

/** Before the first of them. */
export const UNFAILED: Failures = { count: 0, lockedUntilMs: 0 };

/** Whose limit is exhausted. */
export type Side = "address" | "account";

/** Whether somebody may try. */
export type AttemptVerdict =
  | { readonly kind: "allowed" }
  | { readonly kind: "too_many"; readonly retryAfterMs: number; readonly by: Side }
  | { readonly kind: "locked"; readonly retryAfterMs: number };

/** What {@link countAttempt} decided: the attempts to remember with this one, or how long until the next may be made. */
export type Counted =
  | { readonly kind: "counted"; readonly times: readonly number[] }
  | { readonly kind: "exhausted"; readonly retryAfterMs: number };

/**
 * Count one more attempt, unless as many were made in the window that ends now: a sliding window, so that no stretch of its length
 * holds more, wherever it begins. An attempt that is refused is not counted.
 *
 * A time ahead of the clock counts as now; one that is ahead by more than the window was wrong, and is dropped.
 *
 * @param times  of earlier attempts, ms since 1970, in any order
 */
export function countAttempt(times: readonly number[], { most, windowMs }: AttemptLimit, nowMs: number): Counted {
  const within = times
    .filter((time) => Math.abs(nowMs - time) < windowMs)
    .map((time) => Math.min(time, nowMs))
    .toSorted((one, other) => one - other);
  const oldest = within.at(-most);
  if (oldest !== undefined) return { kind: "exhausted", retryAfterMs: oldest + windowMs - nowMs };
  return { kind: "counted", times: [...within, nowMs] };
}

/**
 * Count one more failure in a row.
 *
 * From the threshold on, locked for min(1 h, 1 min · 2^(failures − threshold))
 *
 * @param count  the failures before it
 */
export function countFailure(threshold: number, count: number, nowMs: number): Failures {
  const beyond = count + 1 - threshold;
  const lockMs = beyond < 0 ? 0 : Math.min(LONGEST_LOCK_MS, FIRST_LOCK_MS * 2 ** beyond);
  return { count: count + 1, lockedUntilMs: lockMs === 0 ? 0 : nowMs + lockMs };
}

/** How long these failures still lock, in milliseconds; 0 when they don't. No clock can make it longer than a lock may be. */
export function lockedForMs({ lockedUntilMs }: Failures, nowMs: number): number {
  return Math.min(LONGEST_LOCK_MS, Math.max(0, lockedUntilMs - nowMs));
}

function every(most: number, windowMs: number): AttemptLimit {
  return { most, windowMs };
}
