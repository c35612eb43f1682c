import { type CryptoKey, importJWK } from "jose";
import type { Clock } from "../shared/clock.ts";

/** The public half of a key that signs access tokens, as it is published. */
export interface PublicKey {
  /** The `kid` of the tokens that it signed. */
  readonly kid: string;
  /** A JSON Web Key of Ed25519, as text. */
  readonly jwk: string;
  /** When its last token has expired, ms since 1970; null while it signs. */
  readonly verifiesUntilMs: number | null;
}

/** An unknown `kid` may be a key that was made a moment ago, or a forgery: the keys are read again, but not for each. */
const FLOOR_MS = 10_000;
/** Keys that were taken back before their time are forgotten after so long. */
const MAX_AGE_MS = 300_000;

interface Imported {
  readonly key: CryptoKey;
  readonly verifiesUntilMs: number;
}

/** The keys that access tokens may be signed with, held in memory: a known key costs no I/O. */
export class SigningKeys {
  readonly #load: () => Promise<PublicKey[]>;
  readonly #now: Clock;
  #keys: ReadonlyMap<string, Imported> = new Map();
  #loadedAtMs = -Infinity;

  constructor(load: () => Promise<PublicKey[]>, now: Clock) {
    this.#load = load;
    this.#now = now;
  }

  /** The key of this `kid`; undefined when there is none. */
  async find(kid: string): Promise<CryptoKey | undefined> {
    const ageMs = this.#now() - this.#loadedAtMs;
    if (ageMs > MAX_AGE_MS || (ageMs > FLOOR_MS && !this.#keys.has(kid))) await this.#reload();
    const found = this.#keys.get(kid);
    return found && this.#now() < found.verifiesUntilMs ? found.key : undefined;
  }

  async #reload(): Promise<void> {
    const keys = await this.#load();
    const imported = keys.map(async ({ kid, jwk, verifiesUntilMs }): Promise<[string, Imported] | undefined> => {
      const key = await importJWK(JSON.parse(jwk), "EdDSA");
      return key instanceof Uint8Array ? undefined : [kid, { key, verifiesUntilMs: verifiesUntilMs ?? Infinity }];
    });
    this.#keys = new Map((await Promise.all(imported)).filter((entry) => entry !== undefined));
    this.#loadedAtMs = this.#now();
  }
}
