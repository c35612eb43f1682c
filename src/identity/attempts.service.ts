import { createHmac } from "node:crypto";
import { networkOf } from "../admission/addresses.rules.ts";
import { derivedKey } from "../shared/derived-keys.ts";
import type { AttemptKind, AttemptVerdict, Failures, GuessKind } from "./attempts.rules.ts";

/** On whose account something is tried: by e-mail where nobody is known yet. Whether there is such an account plays no part. */
export interface Account {
  readonly kind: "email" | "user" | "client" | "device_code";
  readonly id: string;
}

/** Who tries something, and on whose account. */
export interface Attempter {
  /** The caller's address; empty when it is not known. All whose address is not known count as one. */
  readonly address: string;
  readonly account?: Account | undefined;
}

/** Who guessed at the secret of an account. */
export interface Guesser extends Attempter {
  readonly account: Account;
}

/** Limits of what may be tried by anybody, and the lock of accounts whose secret is being guessed. */
export interface Attempts {
  /**
   * Ask whether one more attempt may be made, and count it.
   *
   * The address is asked first, so that who is refused there can't use up an account's attempts from there.
   */
  attempt(kind: AttemptKind, attempter: Attempter): Promise<AttemptVerdict>;
  /**
   * Tell that a secret was wrong, or that there is no such account: both must be told alike.
   *
   * @returns the lock that begins with this failure; undefined where none does, or one grows longer
   */
  failed(kind: GuessKind, guesser: Guesser): Promise<Failures | undefined>;
  /** Tell that somebody was let in: when all factors were right, not when the first was. */
  succeeded(kind: GuessKind, guesser: Guesser): Promise<void>;
}

/**
 * The attempts of this deployment.
 *
 * Limiters, and networks within them, go by a keyed digest: no address and no e-mail is stored.
 */
export function attemptsOf(limiters: Env["ATTEMPT_LIMITER"], masterKey: string): Attempts {
  const digest = (subject: string): string =>
    createHmac("sha256", derivedKey(masterKey, "attempts")).update(subject).digest("base64url");
  const networkDigest = (address: string): string => digest(`address ${networkOf(address)}`);
  const limiterOf = (account: Account) => limiters.getByName(digest(subjectOf(account)));
  return {
    attempt: async (kind, { address, account }) => {
      const network = networkDigest(address);
      const verdict = await limiters.getByName(network).attemptFrom(kind);
      if (verdict.kind !== "allowed" || !account) return verdict;
      return await limiterOf(account).attemptOn(kind, network);
    },
    failed: async (kind, { address, account }) => await limiterOf(account).failed(kind, networkDigest(address)),
    succeeded: async (kind, { address, account }) => {
      await limiterOf(account).succeeded(kind, networkDigest(address));
    },
  };
}

/** One text for each account, however its e-mail is written. */
function subjectOf({ kind, id }: Account): string {
  return `${kind} ${kind === "email" ? id.trim().normalize("NFKC").toLowerCase() : id}`;
}
