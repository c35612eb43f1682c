import { DurableObject } from "cloudflare:workers";
import {
  ATTEMPT_RULES,
  type AttemptKind,
  type AttemptVerdict,
  FAILURES_KEPT_MS,
  type Failures,
  type GuessKind,
  LOCKS,
  MOST_KNOWN_NETWORKS,
  NETWORK_KNOWN_MS,
  type Side,
  UNFAILED,
  countAttempt,
  countFailure,
  isGuess,
  lockedForMs,
} from "../src/identity/attempts.rules.ts";
import { AttemptMemory } from "../src/identity/attempts.store.ts";
import { systemClock } from "../src/shared/clock.ts";

/** What the failures of an account from wherever are called; those from a network are called by it. */
const ANYWHERE = "";

/**
 * Counts the attempts of one address, or those on one account, and locks an account whose secret is being guessed.
 *
 * It never learns whom it is about: its name and those of networks are keyed digests. It is asked the same of accounts that exist
 * and of those that don't, so its answers tell nobody which is which. Everything is in SQLite; what is over is forgotten by alarm,
 * and with the last of it the object's storage.
 */
export class AttemptLimiter extends DurableObject<Env> {
  readonly #memory = new AttemptMemory(this.ctx.storage);

  /** Whether one more attempt may be made from this address. One that may is counted; one that may not writes nothing. */
  async attemptFrom(kind: AttemptKind): Promise<AttemptVerdict> {
    return await this.#count(kind, kind, "address");
  }

  /** Whether one more attempt on this account may be made from a network. One that may is counted; one that may not writes nothing. */
  async attemptOn(kind: AttemptKind, network: string): Promise<AttemptVerdict> {
    const isKnown = this.#memory.get("network", network, systemClock()) !== undefined;
    if (isGuess(kind)) {
      const retryAfterMs = this.#lockedForMs(kind, network, isKnown);
      if (retryAfterMs > 0) return { kind: "locked", retryAfterMs };
    }
    const isApart = isKnown && ATTEMPT_RULES[kind].isApartForKnown === true;
    return await this.#count(kind, isApart ? `${kind} ${network}` : kind, "account");
  }

  /** A secret was wrong. @returns the lock that this failure is the first to bring about */
  async failed(kind: GuessKind, network: string): Promise<Failures | undefined> {
    const nowMs = systemClock();
    let begun: Failures | undefined;
    for (const place of [network, ANYWHERE]) {
      const name = `${kind} ${place}`;
      const { count } = this.#memory.get("failures", name, nowMs) ?? UNFAILED;
      const threshold = LOCKS[kind][place === ANYWHERE ? "account" : "network"];
      const failures = countFailure(threshold, count, nowMs);
      if (failures.count === threshold) begun = failures;
      this.#memory.put("failures", name, failures, nowMs + FAILURES_KEPT_MS);
    }
    await this.#memory.wakeAt(nowMs + FAILURES_KEPT_MS);
    return begun;
  }

  /** The secret was right: failures in a row end here and for the account as a whole, and the network is known from now on. */
  async succeeded(kind: GuessKind, network: string): Promise<void> {
    const nowMs = systemClock();
    for (const place of [network, ANYWHERE]) this.#memory.delete("failures", `${kind} ${place}`);
    this.#memory.put("network", network, true, nowMs + NETWORK_KNOWN_MS);
    this.#memory.keepLast("network", MOST_KNOWN_NETWORKS);
    await this.#memory.wakeAt(nowMs + NETWORK_KNOWN_MS);
  }

  override async alarm(): Promise<void> {
    await this.#memory.forget(systemClock());
  }

  /** A network that is known is locked by its own failures alone, so that strangers can lock out nobody but themselves. */
  #lockedForMs(kind: GuessKind, network: string, isKnown: boolean): number {
    const nowMs = systemClock();
    const places = isKnown ? [network] : [network, ANYWHERE];
    const locks = places.map((place) => this.#memory.get("failures", `${kind} ${place}`, nowMs) ?? UNFAILED);
    return Math.max(...locks.map((failures) => lockedForMs(failures, nowMs)));
  }

  async #count(kind: AttemptKind, name: string, by: Side): Promise<AttemptVerdict> {
    const nowMs = systemClock();
    const limit = ATTEMPT_RULES[kind][by];
    const counted = countAttempt(this.#memory.get("attempts", name, nowMs) ?? [], limit, nowMs);
    if (counted.kind === "exhausted") return { kind: "too_many", retryAfterMs: counted.retryAfterMs, by };
    this.#memory.put("attempts", name, counted.times, nowMs + limit.windowMs);
    await this.#memory.wakeAt(nowMs + limit.windowMs);
    return { kind: "allowed" };
  }
}
