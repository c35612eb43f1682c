import { randomBytes } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { FrameReader, frameStart } from "../../container/pool/frames.ts";

const frame = fc.record({ head: fc.dictionary(fc.string(), fc.jsonValue()), body: fc.uint8Array({ maxLength: 300 }) });

test("frames come out as they went in, however their bytes are cut into chunks", () => {
  fc.assert(
    fc.property(fc.array(frame), fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), (frames, sizes) => {
      const bytes = Buffer.concat(frames.flatMap(({ head, body }) => [frameStart(head, body.byteLength), body]));
      const reader = new FrameReader();
      const read: unknown[] = [];
      for (let at = 0, turn = 0; at < bytes.byteLength; turn++) {
        const size = sizes[turn % sizes.length] ?? 1;
        const arrived = [...reader.push(bytes.subarray(at, at + size))];
        read.push(...arrived.map(({ head, body }) => ({ head: JSON.stringify(head), body: [...body] })));
        at += size;
      }
      const sent = frames.map(({ head, body }) => ({ head: JSON.stringify(head), body: [...body] }));
      expect(read).toEqual(sent);
    }),
  );
});

test("a body is a copy-safe array of bytes that begins where every datatype may", () => {
  const body = randomBytes(16);
  const [read] = new FrameReader().push(Buffer.concat([frameStart({ kind: "infer" }, 16), body]));
  // A Buffer's slice() would be a view.
  expect(Buffer.isBuffer(read?.body)).toBe(false);
  expect((read?.body.byteOffset ?? 1) % 8).toBe(0);
});

test.each([
  ["head", [0xffffffff, 0]],
  ["body", [8, 0xffffffff]],
])("a %s that is announced larger than any is not waited for", (_, lengths) => {
  const prefix = Buffer.from(Uint32Array.from(lengths).buffer);
  expect(() => [...new FrameReader().push(prefix)]).toThrow(RangeError);
});
