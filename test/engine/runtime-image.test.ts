import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readRuntimeImage, withCustomSection, writeRuntimeImage } from "../../engine/runtime-image.ts";

/** What a fresh memory holds once an image was put into it. */
function restored(file: Uint8Array, size: number): Uint8Array {
  const memory = new Uint8Array(size);
  for (const { offset, bytes } of readRuntimeImage(file).segments) memory.set(bytes, offset);
  return memory;
}

describe("a WASM file with one more custom section", () => {
  test("ends with it, and its size says so", () => {
    const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    for (const size of [1, 127, 128, 300, 20_000]) {
      const content = Uint8Array.from({ length: size }, (_, index) => index % 251);
      const file = withCustomSection(empty, "image", content);
      expect(file.subarray(0, 9)).toEqual(Uint8Array.of(...empty, 0));
      expect(file.subarray(-size)).toEqual(content);
      expect(sectionEnd(file, 9)).toBe(file.byteLength);
    }
  });
});

/** Where a section ends whose size stands here. */
function sectionEnd(file: Uint8Array, at: number): number {
  let size = 0;
  for (let scale = 1, offset = at; ; scale *= 128, offset++) {
    const byte = file[offset] ?? 0;
    size += (byte & 0x7f) * scale;
    if (byte < 0x80) return offset + 1 + size;
  }
}

describe("an image of a memory", () => {
  test("gives back every byte of it, and the name of the export that it stands for", () => {
    const stretch = fc.tuple(fc.nat(200), fc.uint8Array({ minLength: 1, maxLength: 100 }));
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 20 }), fc.stringMatching(/^[A-Za-z]{1,3}$/), (stretches, name) => {
        const memory = Uint8Array.from(stretches.flatMap(([zeros, bytes]) => [...new Uint8Array(zeros), ...bytes]));
        const file = writeRuntimeImage(name, memory);
        expect(readRuntimeImage(file).initExport).toBe(name);
        expect(restored(file, memory.byteLength)).toEqual(memory);
      }),
    );
  });

  test("leaves long stretches of zeros out", () => {
    const memory = new Uint8Array(1_000_000);
    memory[10] = 1;
    memory[999_999] = 2;
    const file = writeRuntimeImage("Wa", memory);
    expect(file.byteLength).toBe(1 + 2 + 2 * (8 + 1)); // the name with its length, two segments of one byte
    expect(readRuntimeImage(file).endBytes).toBe(1_000_000);
  });

  test("of nothing but zeros has no segments", () => {
    expect(readRuntimeImage(writeRuntimeImage("Wa", new Uint8Array(100)))).toEqual({
      initExport: "Wa",
      endBytes: 0,
      segments: [],
    });
  });
});
