/** The shortest password that anybody may have. */
export const MIN_PASSWORD_CHARACTERS = 10;
/** The longest: what is longer is refused before it is hashed. */
export const MAX_PASSWORD_CHARACTERS = 128;
/** How long a log-in lasts, from its last use on, where nothing says otherwise. */
export const SESSION_MS = 7 * 86_400_000;

/** What a tenant asks of how its people log in, beyond what is asked of everybody. What is left out asks for nothing. */
export interface SecurityPolicy {
  readonly minPasswordCharacters?: number | undefined;
  /** Whether people get tokens for this tenant only after a log-in with two factors, or a passkey. */
  readonly requiresSecondFactor?: boolean | undefined;
  /** How long a log-in lasts at most, however much it is used. */
  readonly maxSessionHours?: number | undefined;
  /** How long a log-in may go unused. */
  readonly maxIdleMinutes?: number | undefined;
}

/** What holds for a person: the strictest of what their tenants ask for. */
export interface EffectivePolicy {
  readonly minPasswordCharacters: number;
  /** Infinity where a log-in that is used lasts on. */
  readonly maxSessionMs: number;
  readonly maxIdleMs: number;
}

/** The strictest of several policies; what holds for everybody where there are none. */
export function strictestOf(policies: readonly SecurityPolicy[]): EffectivePolicy {
  return {
    minPasswordCharacters: Math.max(
      MIN_PASSWORD_CHARACTERS,
      ...policies.map(({ minPasswordCharacters }) => minPasswordCharacters ?? 0),
    ),
    maxSessionMs: Math.min(...policies.map(({ maxSessionHours = Infinity }) => maxSessionHours * 3_600_000)),
    maxIdleMs: Math.min(SESSION_MS, ...policies.map(({ maxIdleMinutes = Infinity }) => maxIdleMinutes * 60_000)),
  };
}

/** Until when a log-in that is used now lasts, ms since 1970. */
export function sessionEndMs(policy: EffectivePolicy, createdAtMs: number, nowMs: number): number {
  return Math.min(nowMs + policy.maxIdleMs, createdAtMs + policy.maxSessionMs);
}
