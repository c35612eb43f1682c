import type { CallOptions } from "./tenant.ts";

const P256 = { name: "ECDSA", namedCurve: "P-256" } as const;

/** Somebody who reports leaked keys, as GitHub does, with a key pair of their own. */
export class TestReporter {
  readonly keyId = crypto.randomUUID();
  readonly #pair: CryptoKeyPair;
  readonly #pem: string;

  private constructor(pair: CryptoKeyPair, pem: string) {
    this.#pair = pair;
    this.#pem = pem;
  }

  static async make(): Promise<TestReporter> {
    const pair = (await crypto.subtle.generateKey(P256, true, ["sign", "verify"])) as CryptoKeyPair;
    const spki = (await crypto.subtle.exportKey("spki", pair.publicKey)) as ArrayBuffer;
    const lines =
      Buffer.from(spki)
        .toString("base64")
        .match(/.{1,64}/g) ?? [];
    return new TestReporter(pair, ["-----BEGIN PUBLIC KEY-----", ...lines, "-----END PUBLIC KEY-----", ""].join("\n"));
  }

  /** The public key as reporters publish theirs. */
  get published() {
    return { public_keys: [{ key_identifier: this.keyId, key: this.#pem, is_current: true }] };
  }

  /** A signature over a body, in DER and base64. */
  async sign(body: string): Promise<string> {
    const signed = await crypto.subtle.sign({ ...P256, hash: "SHA-256" }, this.#pair.privateKey, Buffer.from(body));
    return derOf(new Uint8Array(signed)).toString("base64");
  }

  /** A report, signed; or with a signature over something else. */
  async report(body: string, signed = body): Promise<CallOptions> {
    return {
      body,
      headers: {
        "Content-Type": "application/json",
        "Github-Public-Key-Identifier": this.keyId,
        "Github-Public-Key-Signature": await this.sign(signed),
      },
    };
  }
}

/** Both numbers as DER writes them: no leading zeros, but one where the first bit would make it negative. */
function derOf(raw: Uint8Array): Buffer {
  const numbers = [raw.subarray(0, 32), raw.subarray(32)].map((digits) => {
    const first = digits.findIndex((digit) => digit !== 0);
    const shortest = digits.subarray(first);
    const shown = (shortest[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), shortest]) : Buffer.from(shortest);
    return Buffer.concat([Buffer.of(2, shown.length), shown]);
  });
  const content = Buffer.concat(numbers);
  return Buffer.concat([Buffer.of(0x30, content.length), content]);
}
