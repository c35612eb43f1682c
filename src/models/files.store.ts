/** A file on its way in: as many bytes as were announced. */
export interface IncomingFile {
  readonly body: ReadableStream<unknown>;
  readonly sizeBytes: number;
}

/**
 * Stream a file to R2, hashing it on the way; only a chunk at a time is held.
 *
 * @returns SHA-256 of the bytes, or undefined when fewer came than were announced
 */
export async function storeFile(files: R2Bucket, objectKey: string, file: IncomingFile): Promise<Buffer | undefined> {
  const { readable, writable } = new FixedLengthStream(file.sizeBytes);
  const digest = new crypto.DigestStream("SHA-256");
  const sha256 = digest.digest.catch(() => undefined);
  const stored = files.put(objectKey, readable);
  const copied = copyToBoth(file.body, writable, digest);
  const [copy, put] = await Promise.allSettled([copied, stored]);
  if (copy.status === "rejected" || copy.value !== file.sizeBytes) return undefined;
  if (put.status === "rejected") throw put.reason;
  const bytes = await sha256;
  return bytes && Buffer.from(bytes);
}

async function copyToBoth(
  source: ReadableStream<unknown>,
  first: WritableStream<Uint8Array>,
  second: WritableStream<Uint8Array>,
): Promise<number> {
  const writers = [first.getWriter(), second.getWriter()];
  let copiedBytes = 0;
  try {
    for await (const chunk of source) {
      if (!(chunk instanceof Uint8Array)) throw new TypeError("A body is made of bytes.");
      for (const writer of writers) await writer.write(chunk);
      copiedBytes += chunk.byteLength;
    }
    for (const writer of writers) await writer.close();
  } catch (error) {
    for (const writer of writers) await writer.abort(error).catch(() => undefined);
    throw error;
  }
  return copiedBytes;
}
