import { type EntryId, type TenantId, randomBase32 } from "../shared/ids.ts";
import type { StoredAnswer, WholeAnswer } from "./claims.rules.ts";

/** What a cell keeps of an answer itself; a larger body goes to R2. */
const MAX_INLINE_BYTES = 64 * 1024;

/** Put an answer's body where it is kept for its idempotency key. Each call has an object of its own: none writes over another's. */
export async function storeAnswer(
  tenantId: TenantId,
  files: R2Bucket,
  entryId: EntryId,
  answer: WholeAnswer,
): Promise<StoredAnswer> {
  if (answer.body.byteLength <= MAX_INLINE_BYTES) return answer;
  const objectKey = `tenants/${tenantId}/answers/${entryId}-${randomBase32(8)}`;
  await files.put(objectKey, answer.body);
  return { ...answer, body: { objectKey } };
}

/** The body of an answer that is given again; undefined when R2 has lost it. */
export async function readAnswerBody(
  files: R2Bucket,
  { body }: StoredAnswer,
): Promise<Uint8Array<ArrayBuffer> | ReadableStream | undefined> {
  if (body instanceof Uint8Array) return body;
  return (await files.get(body.objectKey))?.body;
}
