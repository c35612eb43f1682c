import { createHash } from "node:crypto";
import { type LedgerArchive, describes } from "./archive.rules.ts";
import type { LedgerRow } from "./chain.rules.ts";
import { fromLines } from "./ledger-record.rules.ts";

/** Text on its way into an archive: packed with gzip, a piece at a time. */
export class GzipWriter {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #packed: Promise<Uint8Array>;

  constructor() {
    const { readable, writable } = new CompressionStream("gzip");
    this.#writer = writable.getWriter();
    this.#packed = new Response(readable).bytes();
  }

  async add(text: string): Promise<void> {
    await this.#writer.write(Buffer.from(text));
  }

  /** @returns all that was added, packed */
  async end(): Promise<Uint8Array> {
    await this.#writer.close();
    return await this.#packed;
  }
}

/** Write an archive's object. May be repeated. @returns SHA-256 of its bytes, hex, which R2 has compared */
export async function writeArchive(files: R2Bucket, objectKey: string, bytes: Uint8Array): Promise<string> {
  const sha256 = sha256Hex(bytes);
  await files.put(objectKey, bytes, { sha256, httpMetadata: { contentType: "application/gzip" } });
  return sha256;
}

/** What was found where an archive should be. */
export type ReadArchive =
  | { readonly kind: "rows"; readonly rows: LedgerRow[] }
  | { readonly kind: "missing-archive" | "changed-archive" };

/** Read an archive's rows, after its bytes were compared with what was written. */
export async function readArchive(files: R2Bucket, archive: LedgerArchive): Promise<ReadArchive> {
  const object = await files.get(archive.objectKey);
  if (!object) return { kind: "missing-archive" };
  const bytes = await object.bytes();
  if (sha256Hex(bytes) !== archive.sha256) return { kind: "changed-archive" };
  const unpacked = new Response(bytes).body?.pipeThrough(new DecompressionStream("gzip"));
  const rows = fromLines(await new Response(unpacked ?? null).text());
  return describes(archive, rows) ? { kind: "rows", rows } : { kind: "changed-archive" };
}

function sha256Hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
