import type { IncomingMessage } from "node:http";
import { finished } from "node:stream/promises";
import { readBody } from "../engine/body.ts";
import { Refusal } from "../engine/refusal.ts";

/**
 * Read a request's body, unpacked, in the chunks in which it came: they go on to a worker process as they are, and a tensor of
 * megabytes is never copied here.
 *
 * @throws Refusal as engine/body.ts does
 */
export async function readChunks(
  incoming: IncomingMessage,
  request: Request,
  maxBytes: number,
): Promise<readonly Uint8Array[]> {
  const coding = incoming.headers["content-encoding"] ?? "identity";
  const announcedBytes = Number(incoming.headers["content-length"] ?? 0);
  if (coding !== "identity" || announcedBytes > maxBytes) return [await readBody(request, maxBytes)];
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  incoming.on("data", (chunk: Uint8Array) => {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) chunks.length = 0;
    else chunks.push(chunk);
  });
  try {
    // It also knows of a caller that has gone before anybody listened.
    await finished(incoming, { writable: false });
  } catch {
    throw new Refusal("invalid-request", "The body breaks off before its end.");
  }
  if (bytes <= maxBytes) return chunks;
  throw new Refusal("body-too-large", `The body is larger than ${maxBytes} bytes.`, { max_bytes: maxBytes });
}
