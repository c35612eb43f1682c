/** A message between the server and a worker process: JSON, and the bytes that go with it. */
export interface Frame {
  readonly head: unknown;
  readonly body: Uint8Array;
}

/** The most that a frame's two parts may have, in bytes; a process that announces more is not to be believed. */
const MAX_HEAD_BYTES = 16 * 1024 * 1024;
const MAX_PART_BYTES = 64 * 1024 * 1024;

/** Two 32-bit lengths, little-endian: of the head and of the body. */
export const PREFIX_BYTES = 8;
/** The body begins at a multiple of this, so that tensors in it may be views. */
const ALIGNMENT = 8;

/** The frame up to its body: prefix and head. */
export function frameStart(head: unknown, bodyBytes: number): Buffer {
  const json = JSON.stringify(head);
  const jsonBytes = Buffer.byteLength(json);
  const headBytes = Math.ceil(jsonBytes / ALIGNMENT) * ALIGNMENT;
  const start = Buffer.allocUnsafe(PREFIX_BYTES + headBytes);
  start.writeUInt32LE(headBytes, 0);
  start.writeUInt32LE(bodyBytes, 4);
  start.write(json, PREFIX_BYTES);
  start.fill(" ", PREFIX_BYTES + jsonBytes);
  return start;
}

/** Puts frames together from the chunks of a stream, copying each byte at most once. */
export class FrameReader {
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  #content: Buffer | undefined;
  #headBytes = 0;
  #filled = 0;

  /**
   * The frames that end in this chunk.
   *
   * @throws RangeError  when a frame announces more than any has
   * @throws SyntaxError when a head is no JSON
   */
  *push(chunk: Buffer): Generator<Frame> {
    let at = 0;
    while (at < chunk.byteLength || this.#isComplete()) {
      const target = this.#content ?? this.#prefix;
      const copied = chunk.copy(target, this.#filled, at);
      at += copied;
      this.#filled += copied;
      if (this.#filled < target.byteLength) return;
      const frame = this.#next();
      if (frame) yield frame;
    }
  }

  #isComplete(): boolean {
    return this.#content !== undefined && this.#filled === this.#content.byteLength;
  }

  /** Go on from a part that is full: from the prefix to the content, and from there to the next frame. */
  #next(): Frame | undefined {
    const content = this.#content;
    this.#filled = 0;
    if (content === undefined) {
      const lengths = readPrefix(this.#prefix);
      this.#headBytes = lengths.headBytes;
      this.#content = Buffer.allocUnsafeSlow(lengths.headBytes + lengths.bodyBytes);
      return undefined;
    }
    this.#content = undefined;
    return frameOf(content, this.#headBytes);
  }
}

/**
 * How long the parts of a frame are.
 *
 * @throws RangeError  when it announces more than any has
 */
export function readPrefix(prefix: Buffer): { headBytes: number; bodyBytes: number } {
  const headBytes = prefix.readUInt32LE(0);
  const bodyBytes = prefix.readUInt32LE(4);
  if (headBytes > MAX_HEAD_BYTES || bodyBytes > MAX_PART_BYTES) {
    throw new RangeError(`A frame announces a head of ${headBytes} bytes and a body of ${bodyBytes}.`);
  }
  return { headBytes, bodyBytes };
}

/** A frame out of all its bytes behind the prefix. */
export function frameOf(content: Buffer, headBytes: number): Frame {
  const head: unknown = JSON.parse(content.toString("utf8", 0, headBytes));
  // No Buffer: its slice() would be a view, where the codec means a copy.
  return { head, body: new Uint8Array(content.buffer, content.byteOffset + headBytes, content.byteLength - headBytes) };
}
