/**
 * One protobuf message under construction, in the wire format of
 * https://protobuf.dev/programming-guides/encoding: each method appends one field and returns the message.
 *
 * A large byte field is copied once, when the outermost message is finished, and must not change before.
 */
export class ProtobufMessage {
  readonly #chunks: Uint8Array[] = [];
  #byteLength = 0;

  /** An int64, uint64 or enumeration; a negative integer goes as its 64-bit two's complement. */
  integer(field: number, value: number | bigint): this {
    return this.#append(tag(field, 0)).#append(varint(value));
  }

  /** A binary32. */
  float(field: number, value: number): this {
    return this.#append(tag(field, 5)).#append(new Uint8Array(Float32Array.of(value).buffer));
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#append(tag(field, 2)).#append(varint(value.byteLength)).#append(value);
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, value: ProtobufMessage): this {
    this.#append(tag(field, 2)).#append(varint(value.#byteLength));
    for (const chunk of value.#chunks) this.#append(chunk);
    return this;
  }

  /** The message's bytes, in a buffer of their own. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#byteLength);
    let offset = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, offset);
      offset += chunk.byteLength;
    }
    return bytes;
  }

  #append(chunk: Uint8Array): this {
    this.#chunks.push(chunk);
    this.#byteLength += chunk.byteLength;
    return this;
  }
}

/** What opens a field: its number and its wire type (0 varint, 2 length-delimited, 5 four bytes). */
function tag(field: number, wireType: 0 | 2 | 5): Uint8Array {
  return varint(field * 8 + wireType);
}

/** Base-128, low groups first. */
function varint(value: number | bigint): Uint8Array {
  const groups: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest >= 128n) {
    groups.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  groups.push(Number(rest));
  return Uint8Array.from(groups);
}
