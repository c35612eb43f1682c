import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { SourceFile } from "./model-source.ts";

/** How long a file's first byte may take. */
const RESPONSE_LIMIT_MS = 15_000;
/** How long a whole file may take. */
const DOWNLOAD_LIMIT_MS = 300_000;

/** Says why a file is not here. The message names no URL: its signature is a key. */
export class DownloadFault extends Error {
  override readonly name = "DownloadFault";
}

/**
 * Fetch a file, holding it to the size and the SHA-256 that were promised.
 *
 * @param path  where to; nothing is left there when it fails
 * @throws DownloadFault  with the reason: status, redirect, time, size or digest
 */
export async function download(file: SourceFile, path: string): Promise<void> {
  try {
    await writeFile(file, await open(file), path);
  } catch (error) {
    await rm(path, { force: true });
    throw error instanceof DownloadFault ? error : new DownloadFault(reasonOf(error));
  }
}

async function open(file: SourceFile): Promise<ReadableStream<Uint8Array>> {
  const untilResponse = new AbortController();
  const timer = setTimeout(() => untilResponse.abort(), RESPONSE_LIMIT_MS);
  try {
    const signal = AbortSignal.any([untilResponse.signal, AbortSignal.timeout(DOWNLOAD_LIMIT_MS)]);
    const response = await fetch(file.url, { redirect: "manual", signal });
    if (response.status === 200 && response.body !== null) return response.body;
    await response.body?.cancel();
    throw new DownloadFault(`its origin answered ${response.status}`);
  } finally {
    clearTimeout(timer);
  }
}

async function writeFile(file: SourceFile, body: ReadableStream<Uint8Array>, path: string): Promise<void> {
  const hash = createHash("sha256");
  let bytes = 0;
  const verified = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      bytes += chunk.byteLength;
      if (bytes > file.bytes) throw new DownloadFault(`it has more than the ${file.bytes} bytes that were announced`);
      hash.update(chunk);
      yield chunk;
    }
  };
  await pipeline(Readable.fromWeb(body), verified, createWriteStream(path, { mode: 0o600, flags: "wx" }));
  if (bytes !== file.bytes) throw new DownloadFault(`it has ${bytes} bytes instead of ${file.bytes}`);
  if (hash.digest("hex") !== file.sha256) throw new DownloadFault("its SHA-256 is not the one that was announced");
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "it could not be read";
  if (error.name === "AbortError" || error.name === "TimeoutError") return "its origin took too long";
  const cause = error.cause instanceof Error ? error.cause : error;
  const code: unknown = "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? `it could not be read (${code})` : "it could not be read";
}
