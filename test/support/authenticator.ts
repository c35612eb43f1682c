import { z } from "zod";

/** What a test has an authenticator do otherwise than it should. */
export interface Misbehaviour {
  readonly origin?: string;
  readonly rpId?: string;
  readonly challenge?: string;
  readonly isUserVerified?: boolean;
  readonly counter?: number;
}

const optionsSchema = z.object({ challenge: z.string(), userVerification: z.string().optional() });

const FLAGS = { userPresent: 0x01, userVerified: 0x04, attested: 0x40 };

/**
 * An authenticator in software, with one passkey of ES256 and no attestation: what a browser hands over, made by hand.
 *
 * @see https://www.w3.org/TR/webauthn-3/#sctn-authenticator-data and RFC 9053 section 2.1
 */
export async function newAuthenticator() {
  const { publicKey, privateKey } = await newKeyPair();
  const id = crypto.getRandomValues(new Uint8Array(16));
  const point = await crypto.subtle.exportKey("raw", publicKey);
  if (!(point instanceof ArrayBuffer)) throw new Error("The point of a key was asked for.");
  const coordinates = new Uint8Array(point).subarray(1);
  let counter = 0;

  async function authenticatorData(wish: Misbehaviour, attested?: Uint8Array): Promise<Uint8Array> {
    counter = wish.counter ?? counter + 1;
    const flags =
      FLAGS.userPresent | (wish.isUserVerified === false ? 0 : FLAGS.userVerified) | (attested ? FLAGS.attested : 0);
    const head = new DataView(new ArrayBuffer(5));
    head.setUint8(0, flags);
    head.setUint32(1, counter);
    return joined(await sha256(utf8(wish.rpId ?? "tensorgate.test")), new Uint8Array(head.buffer), attested ?? NOTHING);
  }

  return {
    id: base64url(id),
    /** Answer the options of a registration. */
    register: async (options: unknown, wish: Misbehaviour = {}) => {
      const length = new Uint8Array([0, id.length]);
      const attested = joined(new Uint8Array(16), length, id, coseKey(coordinates));
      const data = await authenticatorData(wish, attested);
      return credential(id, {
        clientDataJSON: base64url(clientData("webauthn.create", options, wish)),
        attestationObject: base64url(attestationObject(data)),
        transports: ["internal"],
      });
    },
    /** Answer the options of a log-in. */
    authenticate: async (options: unknown, wish: Misbehaviour = {}) => {
      const data = await authenticatorData(wish);
      const client = clientData("webauthn.get", options, wish);
      const signed = joined(data, await sha256(client));
      const raw = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, signed);
      return credential(id, {
        clientDataJSON: base64url(client),
        authenticatorData: base64url(data),
        signature: base64url(derSignature(new Uint8Array(raw))),
      });
    },
  };
}

async function newKeyPair(): Promise<CryptoKeyPair> {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new Error("A pair of keys was asked for.");
  return pair;
}

function credential(id: Uint8Array, response: Record<string, unknown>) {
  const text = base64url(id);
  return { id: text, rawId: text, type: "public-key", clientExtensionResults: {}, response };
}

function clientData(type: string, options: unknown, { challenge, origin }: Misbehaviour): Uint8Array<ArrayBuffer> {
  const asked = optionsSchema.parse(options).challenge;
  const said = { type, challenge: challenge ?? asked, origin: origin ?? "http://tensorgate.test", crossOrigin: false };
  return utf8(JSON.stringify(said));
}

const NOTHING = new Uint8Array();

/** CBOR: {"fmt": "none", "attStmt": {}, "authData": bytes}. @see RFC 8949 section 3 */
function attestationObject(data: Uint8Array): Uint8Array {
  const [fmt, statement, authData] = [cborText("fmt"), cborText("attStmt"), cborText("authData")];
  return joined(
    new Uint8Array([0xa3]),
    fmt,
    cborText("none"),
    statement,
    new Uint8Array([0xa0]),
    authData,
    cborBytes(data),
  );
}

/** CBOR: {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}. */
function coseKey(coordinates: Uint8Array): Uint8Array {
  const [x, y] = [coordinates.subarray(0, 32), coordinates.subarray(32)];
  const head = new Uint8Array([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21]);
  return joined(head, cborBytes(x), new Uint8Array([0x22]), cborBytes(y));
}

function cborText(text: string): Uint8Array {
  return joined(new Uint8Array([0x60 + text.length]), utf8(text));
}

function cborBytes(bytes: Uint8Array): Uint8Array {
  return joined(new Uint8Array([0x58, bytes.length]), bytes);
}

/** Two integers of 32 bytes, as ASN.1 writes them. @see RFC 3279 section 2.2.3 */
function derSignature(raw: Uint8Array): Uint8Array {
  const integers = joined(derInteger(raw.subarray(0, 32)), derInteger(raw.subarray(32)));
  return joined(new Uint8Array([0x30, integers.length]), integers);
}

function derInteger(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = bytes.subarray(start === -1 ? 31 : start);
  const positive = (digits[0] ?? 0) >= 0x80 ? joined(new Uint8Array([0]), digits) : digits;
  return joined(new Uint8Array([0x02, positive.length]), positive);
}

function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text));
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
