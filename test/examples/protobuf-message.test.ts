import { expect, test } from "vitest";

import { ProtobufMessage } from "../../examples/protobuf-message.ts";

test("an integer is written in base 128, low groups first", () => {
  // field 1, varint: 1·8 + 0 = 0x08; 150 = 1·128 + 22: 22 | 0x80 = 0x96, then 0x01
  expect(hex(new ProtobufMessage().integer(1, 150))).toBe("08 96 01");
});

test("a negative integer is written as its 64-bit two's complement, ten bytes", () => {
  expect(hex(new ProtobufMessage().integer(1, -1n))).toBe("08 ff ff ff ff ff ff ff ff ff 01");
});

test("a field number above 15 takes two bytes of tag", () => {
  // 20·8 + 0 = 160 = 1·128 + 32: 0xa0 0x01
  expect(hex(new ProtobufMessage().integer(20, 7))).toBe("a0 01 07");
});

test("a float is written as a little-endian binary32", () => {
  // field 2, four bytes: 2·8 + 5 = 0x15; 1.5 = 0x3fc00000
  expect(hex(new ProtobufMessage().float(2, 1.5))).toBe("15 00 00 c0 3f");
});

test("a text is written as UTF-8 behind its length in bytes", () => {
  expect(hex(new ProtobufMessage().text(2, "é"))).toBe("12 02 c3 a9");
});

test("a message inside a message is written behind its whole length", () => {
  const inner = new ProtobufMessage().integer(1, 150);
  // field 3, length-delimited: 3·8 + 2 = 0x1a; three bytes
  expect(hex(new ProtobufMessage().message(3, inner))).toBe("1a 03 08 96 01");
});

function hex(message: ProtobufMessage): string {
  return Array.from(message.toBytes(), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
