import * as fc from "fast-check";
import { concatenate } from "../../engine/bytes.ts";
import { anyTensors } from "./arbitrary-tensors.ts";
import { type Body, modelOf, requestOf } from "./requests.ts";

function encode(json: string): Uint8Array<ArrayBuffer> {
  return concatenate([utf8.encode(json)]);
}

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** Requests that a model would take, of every datatype, in JSON, in binary and mixed. */
const anyRequest: fc.Arbitrary<Body> = fc
  .tuple(anyTensors, fc.nat(15), fc.option(fc.string(), { nil: undefined }))
  .map(([tensors, flags, id]) =>
    requestOf(
      tensors.map((tensor, index) => ({ tensor, binary: (flags & (1 << index)) !== 0 })),
      id,
    ),
  );

/** What is not a length, a size or a dimension, or is one that no body has. */
const LIES = (
  "-1 0 1 2 3 4 7 8 255 65536 1.5 1e400 -1e400 NaN -0 2147483647 2147483648 4294967295 4294967296 " +
  "9007199254740992 18446744073709551616 1e308"
).split(" ");

const DEEP = 50_000;

/** JSON and pieces of it that break readers: names of Object's own, numbers beyond their type, text that is no text. */
const HOSTILE_PIECES = [
  ["__proto__", "constructor", "toString", "hasOwnProperty", "toJSON", "then", "length"].map((name) => `"${name}"`),
  ['{"__proto__":null}', '{"__proto__":{"name":"x"}}', '{"constructor":{"prototype":{}}}', '{"then":1}'],
  ['"name":"x","name":"y"', '"parameters":{"binary_data_size":3},', '"parameters":{"binary_data":1},'],
  ['"parameters":[],', '"parameters":{"binary_data_output":"yes"},', '"shape":[0],', '"shape":[],', '"data":[],'],
  ["1e400", "-1e400", "1e-400", "-0", "9007199254740993", "18446744073709551616", "-9223372036854775809", "0.1e1"],
  ["9".repeat(400), `-${"9".repeat(400)}`, `0.${"1".repeat(400)}`, `1e${"9".repeat(20)}`, "1.", ".5", "0x10", "+1"],
  ["NaN", "Infinity", "undefined", "null", "true", "[]", "{}", "[[]]", "[[[1]],2]", '"NaN"', '"-Infinity"', '""'],
  [String.raw`"\ud800"`, String.raw`"\u0000"`, String.raw`"\uZZZZ"`, String.raw`"\x41"`, '"\u0000"', "'x'", "/**/"],
  ["[2147483647,2147483647]", "[2147483648]", "[4294967296,0]", "[-1]", "[1.5]", '["1"]', "[1e308,1e308,0]"],
  [`[${"1,".repeat(3_000)}1]`, `[${"[1],".repeat(100)}[2]]`],
  ["[", "]", "{", "}", ",", ":", '"', "\\", "\uFEFF", "\u2028", "", `"${"x".repeat(5_000)}"`],
  LIES,
].flat();

/** One change to a request. Positions are taken modulo what there is. */
type Change = (body: Body) => Body;

const byteChange: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(fc.nat(), fc.nat(7)).map(([at, bit]) => editBytes(at, (bytes, start) => flipped(bytes, start, bit))),
  fc.nat().map((at) => editBytes(at, (bytes, start) => bytes.slice(0, start))),
  fc
    .tuple(fc.nat(), fc.nat(40), fc.uint8Array({ maxLength: 24 }))
    .map(([at, removed, added]) =>
      editBytes(at, (bytes, start) => concatenate([bytes.subarray(0, start), added, bytes.subarray(start + removed)])),
    ),
  fc
    .tuple(fc.nat(), fc.nat(200), fc.nat())
    .map(([at, length, to]) => editBytes(at, (bytes, start) => copied(bytes, start, length, to))),
);

function editBytes(at: number, edit: (bytes: Body["bytes"], start: number) => Body["bytes"]): Change {
  return (body) => ({
    ...body,
    bytes: body.bytes.length === 0 ? body.bytes : edit(body.bytes, at % body.bytes.length),
  });
}

function flipped(bytes: Body["bytes"], at: number, bit: number): Body["bytes"] {
  return bytes.with(at, (bytes[at] ?? 0) ^ (1 << bit));
}

/** A piece of the body once more, somewhere else in it. */
function copied(bytes: Body["bytes"], from: number, length: number, to: number): Body["bytes"] {
  const end = to % bytes.length;
  return concatenate([bytes.subarray(0, end), bytes.subarray(from, from + length), bytes.subarray(end)]);
}

const hostilePiece = fc.oneof(
  { arbitrary: fc.constantFrom(...HOSTILE_PIECES), weight: 20 },
  { arbitrary: fc.json({ maxDepth: 2 }), weight: 2 },
  { arbitrary: fc.constantFrom("[", '{"a":').map((open) => open.repeat(1_000)), weight: 1 },
);

const hostileValue = fc.constantFrom(...HOSTILE_PIECES.filter(isJson));

function isJson(piece: string): boolean {
  try {
    JSON.parse(piece);
    return true;
  } catch {
    return false;
  }
}

/** A change to the JSON alone: the binary part stays where the header says. */
const jsonChange: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(fc.nat(), fc.nat(3), hostilePiece).map(([at, removed, piece]) =>
    editJson((json) => {
      const tokens = json.match(/"(?:[^"\\]|\\.)*"|[-+.\w]+|[^]/g) ?? [];
      return tokens.toSpliced(at % (tokens.length + 1), removed, piece).join("");
    }),
  ),
  // One more size in an array, or another size in the place of one.
  fc
    .tuple(fc.constantFrom('"shape":[', '"data":['), fc.constantFrom(...LIES))
    .map(([member, lie]) => editJson((json) => json.replace(member, `${member}${lie},`))),
  fc
    .constantFrom(...LIES)
    .map((lie) => editJson((json) => json.replace(/("binary_data_size":)\d+/, (_, name: string) => name + lie))),
  fc
    .tuple(fc.constantFrom("name", "datatype", "data", "shape", "parameters", "inputs"), hostileValue)
    .map(([member, value]) => {
      const pattern = new RegExp(`("${member}":)(?:"[^"]*"|\\[[^\\[\\]]*\\]|\\{[^{}]*\\})`);
      return editJson((json) => json.replace(pattern, (_, name: string) => name + value));
    }),
  hostileValue.map((value) =>
    editJson((json) => json.replace('"inputs":[', () => `"outputs":[{"name":${value}}],"inputs":[`)),
  ),
  // The first input twice, or not at all.
  fc
    .constantFrom('"inputs":[$1,$1', '"inputs":[')
    .map((inputs) => editJson((json) => json.replace(/"inputs":\[(\{(?:[^{}]|\{[^{}]*\})*\}),?/, inputs))),
);

function editJson(edit: (json: string) => string): Change {
  return ({ bytes, jsonBytes, signature }) => {
    const end = Math.max(jsonBytes ?? bytes.length, 0);
    const json = utf8.encode(edit(text.decode(bytes.subarray(0, end))));
    const measured = jsonBytes === undefined ? undefined : json.length;
    return { bytes: concatenate([json, bytes.subarray(end)]), jsonBytes: measured, signature };
  };
}

/** A change to Inference-Header-Content-Length alone, among what its ten digits can say. */
const headerChange: fc.Arbitrary<Change> = fc.oneof(
  fc
    .constantFrom(undefined, 0, 2 ** 31, 2 ** 32, 9_999_999_999)
    .map((lie) => (body: Body) => ({ ...body, jsonBytes: lie })),
  fc.integer({ min: -3, max: 3 }).map((shift) => (body: Body) => {
    const { bytes, jsonBytes = bytes.length } = body;
    return { ...body, jsonBytes: Math.max(jsonBytes + shift, 0) };
  }),
);

const anyChange = fc.oneof(
  { arbitrary: byteChange, weight: 3 },
  { arbitrary: jsonChange, weight: 8 },
  { arbitrary: headerChange, weight: 1 },
);

/** Bodies that never were requests. */
const strangeBody: fc.Arbitrary<Uint8Array<ArrayBuffer>> = fc.oneof(
  { arbitrary: fc.array(fc.nat(255), { maxLength: 64 }).map((bytes) => Uint8Array.from(bytes)), weight: 30 },
  { arbitrary: fc.json().map((json) => encode(json)), weight: 30 },
  { arbitrary: hostilePiece.map((piece) => encode(piece)), weight: 30 },
  { arbitrary: hostilePiece.map((piece) => encode(`{"inputs":[${piece}]}`)), weight: 30 },
  {
    arbitrary: fc
      .constantFrom("[", '{"inputs":', '{"inputs":[{"data":')
      .map((open) => encode(`${open.repeat(DEEP)}9007199254740993${open.startsWith("[") ? "]".repeat(DEEP) : ""}`)),
    weight: 1,
  },
);

/**
 * Bodies that are requests for a model with one to three changes, or never were requests.
 *
 * @param requests  the requests that they are made of; sampled once, because making one costs more than changing it
 */
export function hostileBodies(requests: readonly Body[]): fc.Arbitrary<Body> {
  const [first] = requests;
  if (!first) throw new Error("There must be a request to begin with.");
  return fc.oneof(
    {
      arbitrary: fc
        .tuple(fc.constantFrom(...requests), fc.array(anyChange, { minLength: 1, maxLength: 3 }))
        .map(([request, changes]) => changes.reduce((body, change) => change(body), request)),
      weight: 9,
    },
    {
      arbitrary: fc
        .tuple(strangeBody, fc.constantFrom(...requests), fc.constantFrom(undefined, 0, 1, 16, 9_999_999_999))
        .map(([bytes, { signature }, jsonBytes]) => ({ bytes, jsonBytes, signature })),
      weight: 1,
    },
  );
}

/** So many requests, the same ones for the same seed. */
export function sampleRequests(count: number, seed: number): Body[] {
  return fc.sample(anyRequest, { numRuns: count, seed });
}

/** A body on the wire: its bytes as they are sent, and what its headers say of them. */
export interface SentBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

const CODINGS = ["identity", "gzip", "deflate", "x-gzip", "br", "gzip, gzip", "__proto__"];

/** Bodies of some content encoding, true or not, whole, changed or cut, whose length is announced, or too large, or not. */
export function sentBodies(packed: readonly Uint8Array<ArrayBuffer>[], maxBytes: number): fc.Arbitrary<SentBody> {
  const none: Body = { bytes: new Uint8Array(), jsonBytes: undefined, signature: modelOf([]) };
  return fc
    .tuple(
      fc.constantFrom(...packed),
      fc.array(byteChange, { maxLength: 2 }),
      fc.constantFrom(undefined, ...CODINGS),
      fc.constantFrom("silent", "honest", "too large"),
    )
    .map(([content, changes, coding, announced]) => {
      const { bytes } = changes.reduce((body, change) => change(body), { ...none, bytes: content });
      const length = announced === "too large" ? maxBytes + 1 : bytes.length;
      return {
        bytes,
        headers: {
          ...(coding !== undefined && { "Content-Encoding": coding }),
          ...(announced !== "silent" && { "Content-Length": String(length) }),
        },
      };
    });
}
