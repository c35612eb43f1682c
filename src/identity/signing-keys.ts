import { type CryptoKey, importJWK } from "jose";
import { GroupCommit } from "../admission/group-commit.ts";
import type { Clock } from "../shared/clock.ts";
import { logFault } from "../shared/log.ts";

/** The public half of a key that signs access tokens, as it is published. */
export interface PublicKey {
  /** The `kid` of the tokens that it signed. */
  readonly kid: string;
  /** A JSON Web Key of Ed25519, as text. */
  readonly jwk: string;
  /** When its last token has expired, ms since 1970; null while it signs. */
  readonly verifiesUntilMs: number | null;
}

/** A key, and until when it holds without being read again, ms since 1970. */
export interface KnownKey {
  readonly key: CryptoKey;
  readonly untilMs: number;
}

/** What keeps a promise alive beyond the response, as the execution context of a request does. */
export type Background = Pick<ExecutionContext, "waitUntil">;

/** An unknown `kid` may be a key that was made a moment ago, or a forgery: the keys are read again, but not for each. */
const FLOOR_MS = 10_000;
/** Keys that were taken back before their time are forgotten after so long. */
const MAX_AGE_MS = 300_000;
/** Keys of this age are read again beside a request, so that none has to wait until they are too old. */
const REFRESH_MS = 150_000;

/** A read is shared by all that need it. Where it takes longer, D1 is gone. */
const READS = { maxBatch: 10_000, maxWaiting: 10_000, deadlineMs: 5_000, lingerMs: 0 };

interface Imported {
  readonly key: CryptoKey;
  readonly verifiesUntilMs: number;
}

/** The keys that access tokens may be signed with, held in memory: a known key costs no I/O. */
export class SigningKeys {
  readonly #load: () => Promise<PublicKey[]>;
  readonly #now: Clock;
  readonly #reads = new GroupCommit<undefined, "read">(READS);
  #keys: ReadonlyMap<string, Imported> = new Map();
  #readAtMs = -Infinity;
  /** When the last read began, whether it succeeded or not. */
  #triedAtMs = -Infinity;

  constructor(load: () => Promise<PublicKey[]>, now: Clock) {
    this.#load = load;
    this.#now = now;
  }

  /**
   * The key of this `kid`; undefined when there is none.
   *
   * @throws Overloaded, or the fault of D1, where the keys that are known are too old and can't be read again
   */
  async find(kid: string, background: Background): Promise<KnownKey | undefined> {
    if (this.#ageMs > MAX_AGE_MS) await this.#read(() => this.#ageMs > MAX_AGE_MS, background);
    else if (!this.#keys.has(kid)) await this.#read(() => this.#mayTry, background);
    else if (this.#ageMs > REFRESH_MS && this.#mayTry) this.#readBeside(background);
    const found = this.#keys.get(kid);
    if (!found || this.#now() >= found.verifiesUntilMs) return undefined;
    return { key: found.key, untilMs: Math.min(this.#readAtMs + MAX_AGE_MS, found.verifiesUntilMs) };
  }

  get #ageMs(): number {
    return this.#msSince(this.#readAtMs);
  }

  get #mayTry(): boolean {
    return this.#msSince(this.#triedAtMs) > FLOOR_MS;
  }

  /** A moment that is still to come was read from a clock that ran ahead: nothing may wait for it. */
  #msSince(atMs: number): number {
    const nowMs = this.#now();
    return nowMs < atMs ? Infinity : nowMs - atMs;
  }

  #readBeside(background: Background): void {
    const read = this.#read(() => this.#mayTry, background);
    background.waitUntil(
      read.catch((fault: unknown) => logFault("Signing keys were not read.", { cause: String(fault) })),
    );
  }

  /** Wait for the read under way, and read if it is due after that. */
  async #read(isDue: () => boolean, background: Background): Promise<void> {
    if (!isDue() && this.#reads.idle) return;
    const read = this.#reads.submit(undefined, async (batch) => {
      if (isDue()) await this.#replaceKeys();
      return batch.map(() => "read" as const);
    });
    background.waitUntil(read.catch(() => undefined)); // others may wait for it, though its caller hangs up
    await read;
  }

  async #replaceKeys(): Promise<void> {
    const beganAtMs = this.#now();
    this.#triedAtMs = beganAtMs;
    const imported = await Promise.all((await this.#load()).map(importKey));
    this.#keys = new Map(imported.filter((entry) => entry !== undefined));
    this.#readAtMs = beganAtMs;
  }
}

/** One that can't be read is left out: the others still hold. */
async function importKey({ kid, jwk, verifiesUntilMs }: PublicKey): Promise<[string, Imported] | undefined> {
  try {
    const key = await importJWK(JSON.parse(jwk), "EdDSA");
    return key instanceof Uint8Array ? undefined : [kid, { key, verifiesUntilMs: verifiesUntilMs ?? Infinity }];
  } catch (fault) {
    logFault("A signing key is not readable.", { kid, cause: String(fault) });
    return undefined;
  }
}
