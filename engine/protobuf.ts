/** One field of a protobuf message. */
export interface Field {
  readonly number: number;
  /** The value of a varint field; 0 for the others. */
  readonly varint: number;
  /** The content of a length-delimited field, as a view. */
  readonly bytes: Uint8Array | undefined;
}

/** The bytes are no protobuf message, or not the one that was expected; the message says where. */
export class MalformedMessage extends Error {}

/**
 * Walk the fields of one protobuf message without copying.
 *
 * @throws MalformedMessage
 * @see https://protobuf.dev/programming-guides/encoding
 */
export function* fields(bytes: Uint8Array): Generator<Field> {
  const cursor = { at: 0 };
  while (cursor.at < bytes.byteLength) {
    const tag = readVarint(bytes, cursor);
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        yield { number, varint: readVarint(bytes, cursor), bytes: undefined };
        break;
      case 1:
        skip(bytes, cursor, 8);
        break;
      case 2: {
        const length = readVarint(bytes, cursor);
        const start = cursor.at;
        skip(bytes, cursor, length);
        yield { number, varint: 0, bytes: bytes.subarray(start, start + length) };
        break;
      }
      case 5:
        skip(bytes, cursor, 4);
        break;
      default:
        throw broken(cursor.at);
    }
  }
}

/** The message within a field. */
export function message(field: Field): Uint8Array {
  if (field.bytes === undefined) throw new MalformedMessage(`field ${field.number} has the wrong type`);
  return field.bytes;
}

/** The text of a field; what is not UTF-8 is replaced. */
export function text(field: Field): string {
  return new TextDecoder().decode(message(field));
}

/** The text of a field, which must be UTF-8. */
export function strictText(field: Field): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(message(field));
  } catch {
    throw new MalformedMessage("a name in it is not UTF-8");
  }
}

/** A repeated field of integers: one of them, or several packed into one field. */
export function* integers(field: Field): Generator<number> {
  if (field.bytes === undefined) {
    yield field.varint;
    return;
  }
  const cursor = { at: 0 };
  while (cursor.at < field.bytes.byteLength) yield readVarint(field.bytes, cursor);
}

function skip(bytes: Uint8Array, cursor: { at: number }, length: number): void {
  if (cursor.at + length > bytes.byteLength) throw new MalformedMessage("it is cut short");
  cursor.at += length;
}

/** A base-128 varint. Values beyond 2^53, as a negative int64 has, come out inexact and huge. */
function readVarint(bytes: Uint8Array, cursor: { at: number }): number {
  let value = 0;
  for (let scale = 1; scale < 2 ** 70; scale *= 128) {
    const byte = bytes[cursor.at];
    if (byte === undefined) throw new MalformedMessage("it is cut short");
    cursor.at += 1;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
  throw broken(cursor.at);
}

function broken(offset: number): MalformedMessage {
  return new MalformedMessage(`its bytes break off the protobuf encoding at offset ${offset}`);
}
