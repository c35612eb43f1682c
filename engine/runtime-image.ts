import { concatenate } from "./bytes.ts";

/**
 * An image of ONNX Runtime's memory right after its initialisation.
 *
 * It travels as a custom section of the WASM file, so that isolates share it as they share the compiled module: one byte with the length of the initialising export's name, the name, and then segments of (offset, length, bytes)
 * with offset and length as 32 bits, little-endian. What lies between segments is zero.
 */
export interface RuntimeImage {
  /** The WASM export whose call the image stands for; its name is minified, so it changes with ONNX Runtime's version. */
  readonly initExport: string;
  /** Where the last segment ends. */
  readonly endBytes: number;
  readonly segments: readonly Segment[];
}

interface Segment {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** The custom section's name. */
export const IMAGE_SECTION = "runtime-image";

const HEAD_BYTES = 8;
/** Zeros in a row from which on a gap takes less room than its bytes. */
const GAP_BYTES = 64;

/** Read an image; its segments are views of the file. */
export function readRuntimeImage(file: Uint8Array): RuntimeImage {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const nameEnd = 1 + view.getUint8(0);
  const segments: Segment[] = [];
  for (let at = nameEnd; at < file.byteLength;) {
    const start = at + HEAD_BYTES;
    const end = start + view.getUint32(at + 4, true);
    segments.push({ offset: view.getUint32(at, true), bytes: file.subarray(start, end) });
    at = end;
  }
  const last = segments.at(-1);
  const endBytes = last ? last.offset + last.bytes.byteLength : 0;
  return { initExport: new TextDecoder().decode(file.subarray(1, nameEnd)), endBytes, segments };
}

/** Write an image of this memory. */
export function writeRuntimeImage(initExport: string, memory: Uint8Array): Uint8Array {
  const name = new TextEncoder().encode(initExport);
  const parts: Uint8Array[] = [Uint8Array.of(name.byteLength), name];
  for (const { offset, bytes } of segmentsOf(memory)) {
    const head = new DataView(new ArrayBuffer(HEAD_BYTES));
    head.setUint32(0, offset, true);
    head.setUint32(4, bytes.byteLength, true);
    parts.push(new Uint8Array(head.buffer), bytes);
  }
  return concatenate(parts);
}

function* segmentsOf(memory: Uint8Array): Generator<Segment> {
  let start = -1;
  let end = 0;
  for (let at = 0; at < memory.byteLength; at++) {
    if (memory[at] === 0) continue;
    if (start >= 0 && at - end > GAP_BYTES) {
      yield { offset: start, bytes: memory.subarray(start, end) };
      start = -1;
    }
    if (start < 0) start = at;
    end = at + 1;
  }
  if (start >= 0) yield { offset: start, bytes: memory.subarray(start, end) };
}

/**
 * A WASM file with one more custom section at its end.
 *
 * @see https://webassembly.github.io/spec/core/binary/modules.html (section 0: its size, then its name and its bytes)
 */
export function withCustomSection(wasm: Uint8Array, sectionName: string, content: Uint8Array): Uint8Array {
  const name = new TextEncoder().encode(sectionName);
  const nameLength = leb128(name.byteLength);
  const size = leb128(nameLength.byteLength + name.byteLength + content.byteLength);
  return concatenate([wasm, Uint8Array.of(0), size, nameLength, name, content]);
}

/** An unsigned integer in 7 bits a byte, the lowest first. */
function leb128(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest & 0x7f) | 0x80);
  return Uint8Array.from([...bytes, rest]);
}
