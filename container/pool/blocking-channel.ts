import { readSync, writevSync } from "node:fs";
import { type Frame, PREFIX_BYTES, frameOf, frameStart, readPrefix } from "./frames.ts";

/** What is read at once: many small frames, or the beginning of a large one. */
const SCRATCH_BYTES = 64 * 1024;

/**
 * A worker process's end of the channel to the server, without an event loop.
 *
 * Measured against Node's own IPC ("advanced" serialization): 11 µs instead of 21 for a body of 3 kB there and 64 bytes back,
 * 123 µs instead of 613 for 1 MB.
 */
export class BlockingChannel {
  readonly #fd: number;
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  /** The part of the scratch that is read and not used. */
  #start = 0;
  #end = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Wait for the next frame; undefined once the server has closed its end. */
  read(): Frame | undefined {
    while (this.#end - this.#start < PREFIX_BYTES) if (!this.#refill()) return undefined;
    const { headBytes, bodyBytes } = readPrefix(this.#scratch.subarray(this.#start));
    const content = Buffer.allocUnsafeSlow(headBytes + bodyBytes);
    const from = this.#start + PREFIX_BYTES;
    let filled = this.#scratch.copy(content, 0, from, this.#end);
    this.#start = from + filled;
    while (filled < content.byteLength) {
      const count = readSync(this.#fd, content, filled, content.byteLength - filled, null);
      if (count === 0) return undefined;
      filled += count;
    }
    return frameOf(content, headBytes);
  }

  /** Write a whole frame, however often the server makes us wait. */
  write(head: unknown, body: Uint8Array): void {
    let parts: Uint8Array[] = [frameStart(head, body.byteLength), body];
    while (parts.length > 0) parts = without(parts, writevSync(this.#fd, parts));
  }

  #refill(): boolean {
    this.#scratch.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
    const count = readSync(this.#fd, this.#scratch, this.#end, SCRATCH_BYTES - this.#end, null);
    this.#end += count;
    return count > 0;
  }
}

/** What is left of the parts after so many bytes. */
function without(parts: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let gone = bytes;
  return parts.flatMap((part) => {
    const cut = Math.min(gone, part.byteLength);
    gone -= cut;
    return cut === part.byteLength ? [] : [part.subarray(cut)];
  });
}
