import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readBody } from "../../engine/body.ts";
import { decodeRequest } from "../../engine/decode.ts";
import { Refusal } from "../../engine/refusal.ts";
import { PROBLEMS } from "../../src/http/problems.ts";
import { type SentBody, hostileBodies, sampleRequests, sentBodies } from "./hostile-bodies.ts";
import type { Body } from "./requests.ts";

/** What a refusal may say at most, in characters of JSON: it shows only the beginning of what it was given. */
const MAX_REFUSAL_LENGTH = 4_000;

/** Bytes of elements to bytes of body, at most: of JSON's `0,` an FP64 is made. */
const MAX_GROWTH = 4;

/** How a body ends: with a call, or with a refusal of a known code. Every other exception is thrown on. */
function endOf({ bytes, jsonBytes, signature }: Body): string {
  try {
    const { inputs } = decodeRequest(bytes, jsonBytes, signature);
    const elementBytes = inputs.reduce((sum, { data }) => sum + (Array.isArray(data) ? 0 : data.byteLength), 0);
    expect(elementBytes).toBeLessThanOrEqual(MAX_GROWTH * bytes.length);
    return "call";
  } catch (error) {
    return codeOf(error);
  }
}

/** The code of a refusal that is fit for the wire: a 4xx, a sentence that says what is wrong, evidence that JSON holds. */
function codeOf(error: unknown): string {
  if (!(error instanceof Refusal)) throw error;
  const { code, detail, evidence } = error;
  const { status } = PROBLEMS[code];
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  expect(detail).toMatch(/^[^]{10,}\.$/);
  expect(JSON.stringify({ detail, evidence }).length).toBeLessThan(MAX_REFUSAL_LENGTH);
  const numbers = Object.values(evidence)
    .flat()
    .filter((value) => typeof value === "number");
  expect(numbers.every(Number.isFinite)).toBe(true);
  return code;
}

const REQUESTS = sampleRequests(400, 1);

/** Some seconds on an idle machine. */
const timeout = 120_000;

/** The largest body that is read here, in bytes; some of the requests are larger. */
const MAX_BYTES = 300;

/** The bytes as they are, as gzip and as deflate. */
async function packings(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>[]> {
  const packed = (["gzip", "deflate"] as const).map(async (format) => {
    const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream(format));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  });
  return [bytes, ...(await Promise.all(packed))];
}

async function endOfReading({ bytes, headers }: SentBody): Promise<string> {
  try {
    const read = await readBody(
      new Request("http://engine/infer", { method: "POST", body: bytes, headers }),
      MAX_BYTES,
    );
    expect(read.length).toBeLessThanOrEqual(MAX_BYTES);
    return "bytes";
  } catch (error) {
    return codeOf(error);
  }
}

describe("of a hundred thousand hostile bodies", () => {
  test("80,000 end as a call, or as a refusal that says in few words what is wrong", { timeout }, () => {
    const ends = new Set<string>();
    fc.assert(
      fc.property(hostileBodies(REQUESTS), (body) => void ends.add(endOf(body))),
      { numRuns: 80_000 },
    );
    // Every end that the codec has: one that none of them meets would not be tested.
    expect([...ends].toSorted()).toEqual([
      "call",
      "datatype-mismatch",
      "duplicate-input",
      "invalid-data",
      "invalid-request",
      "malformed-json",
      "missing-input",
      "shape-mismatch",
      "unknown-input",
      "unknown-output",
    ]);
  });

  test("20,000, packed and not, are read, or refused before they are larger than allowed", { timeout }, async () => {
    const megabyte = new Uint8Array(2 ** 20);
    const packed = await Promise.all([...REQUESTS.slice(0, 100).map(({ bytes }) => bytes), megabyte].map(packings));
    const ends = new Set<string>();
    await fc.assert(
      fc.asyncProperty(sentBodies(packed.flat(), MAX_BYTES), async (body) => void ends.add(await endOfReading(body))),
      { numRuns: 20_000 },
    );
    expect([...ends].toSorted()).toEqual(["body-too-large", "bytes", "invalid-request", "unsupported-media-type"]);
  });
});
