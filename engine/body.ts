import { concatenate } from "./bytes.ts";
import { Refusal } from "./refusal.ts";

/** Content codings that a request's body may have. */
const CODINGS = new Map<string, "gzip" | "deflate">([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
]);

/**
 * Read a request's body, decompressed, giving up as soon as it is larger than allowed: a small body may unpack to a huge one.
 *
 * @throws Refusal `body-too-large` with `max_bytes`, `unsupported-media-type` for a coding other than gzip and deflate,
 *         `invalid-request` when the body is not of its coding
 * @see RFC 9110 section 8.4.1
 */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array();
  const announced = request.headers.get("content-length");
  if (Number(announced) > maxBytes) throw tooLarge(maxBytes);
  const coding = (request.headers.get("content-encoding") ?? "identity").trim().toLowerCase();
  if (coding !== "identity") return await readCompressed(request.body, coding, maxBytes);
  if (announced !== null) return new Uint8Array(await request.arrayBuffer());
  return await readStream(request.body, maxBytes);
}

async function readCompressed(body: ReadableStream, coding: string, maxBytes: number): Promise<Uint8Array> {
  const format = CODINGS.get(coding);
  if (!format) {
    const detail = `The Content-Encoding ${coding} is not supported; send gzip, deflate or the body as it is.`;
    throw new Refusal("unsupported-media-type", detail);
  }
  try {
    return await readStream(body.pipeThrough(new DecompressionStream(format)), maxBytes);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal("invalid-request", `The body is not ${coding}, as its Content-Encoding says.`);
  }
}

/**
 * Read a stream whose length nobody has announced, giving up as soon as it is longer than allowed.
 *
 * @throws Refusal `body-too-large` with `max_bytes`
 */
export async function readStream(body: ReadableStream<unknown>, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError("A body is made of bytes.");
    total += chunk.byteLength;
    if (total > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return concatenate(chunks);
}

function tooLarge(maxBytes: number): Refusal {
  return new Refusal("body-too-large", `The body is larger than ${maxBytes} bytes.`, { max_bytes: maxBytes });
}
