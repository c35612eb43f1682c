import type { Clock } from "../shared/clock.ts";
import { logFault } from "../shared/log.ts";
import { rawSignature } from "./leaks.rules.ts";
import { type ReporterKeyList, type ReporterSettings, reporterKeysSchema } from "./reporters.schemas.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
/** An unknown key may be a new one, or a forger's: the keys are read again, but not for each. */
const FLOOR_MS = 60_000;
/** Who could not read the keys tries again after so long. */
const RETRY_MS = 5_000;
/** Keys that were taken back are forgotten after so long. */
const MAX_AGE_MS = 3_600_000;
const TIMEOUT_MS = 5_000;

/** Whether a report is its reporter's own. */
export type Verified = "genuine" | "forged" | "unknown-key";

/** The public keys of who may report leaks, held in memory. */
export class ReporterKeys {
  readonly #load: () => Promise<ReporterKeyList>;
  readonly #now: Clock;
  #keys: ReadonlyMap<string, CryptoKey> = new Map();
  #loadedAtMs = -Infinity;
  #failedAtMs = -Infinity;

  constructor(load: () => Promise<ReporterKeyList>, now: Clock) {
    this.#load = load;
    this.#now = now;
  }

  /**
   * Whether these bytes were signed with this key.
   *
   * @param signature  ECDSA on P-256 with SHA-256: DER in base64
   * @throws Error when the keys can't be read, and none of this id is known
   */
  async verify(keyId: string, signature: string, body: Uint8Array<ArrayBuffer>): Promise<Verified> {
    const key = await this.#find(keyId);
    if (!key) return "unknown-key";
    const raw = rawSignature(Buffer.from(signature, "base64"));
    return raw && (await crypto.subtle.verify(ALGORITHM, key, raw, body)) ? "genuine" : "forged";
  }

  async #find(keyId: string): Promise<CryptoKey | undefined> {
    const nowMs = this.#now();
    const ageMs = nowMs - this.#loadedAtMs;
    const isDue = ageMs > MAX_AGE_MS || (ageMs > FLOOR_MS && !this.#keys.has(keyId));
    if (isDue && nowMs - this.#failedAtMs > RETRY_MS) await this.#reload();
    const key = this.#keys.get(keyId);
    if (!key && this.#failedAtMs > this.#loadedAtMs) throw new Error("The public keys of reporters can't be read.");
    return key;
  }

  /** Who publishes the keys may be down for a while: those that are known hold as long. */
  async #reload(): Promise<void> {
    try {
      const { public_keys: published } = await this.#load();
      const imported = await Promise.all(
        published.map(async ({ key_identifier: id, key }) => await importKey(id, key)),
      );
      this.#keys = new Map(imported.filter((entry) => entry !== undefined));
      this.#loadedAtMs = this.#now();
    } catch (error) {
      this.#failedAtMs = this.#now();
      logFault("The public keys of reporters can't be read.", { error: String(error) });
    }
  }
}

/** A key under its id; undefined for one of another kind: it must not keep the others out. */
async function importKey(id: string, pem: string): Promise<[string, CryptoKey] | undefined> {
  try {
    const der = Buffer.from(pem.replaceAll(/-----[A-Z ]+-----|\s/g, ""), "base64");
    return [id, await crypto.subtle.importKey("spki", der, ALGORITHM, false, ["verify"])];
  } catch (error) {
    logFault("A reporter's public key is none of ECDSA on P-256.", { id, error: String(error) });
    return undefined;
  }
}

/** The keys as the deployment has them: its own list, or what is published. */
export async function loadReporterKeys({ keys, keysUrl }: ReporterSettings): Promise<ReporterKeyList> {
  if (keys) return keys;
  if (keysUrl === undefined) return { public_keys: [] };
  const response = await fetch(keysUrl, {
    headers: { Accept: "application/json", "User-Agent": "Tensorgate" },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`${keysUrl} answered ${response.status}.`);
  return reporterKeysSchema.parse(await response.json());
}
