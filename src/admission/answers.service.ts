import { derivedKey } from "../shared/derived-keys.ts";
import { type EntryId, type TenantId, randomBase32 } from "../shared/ids.ts";
import { sealBytes, unsealBytes } from "../shared/sealed-secret.ts";
import { type Cells, cellOf } from "./cells.ts";
import { before } from "./group-commit.ts";
import type { KeptAnswers, Repeated, StoredAnswer, WholeAnswer } from "./claims.rules.ts";

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

/**
 * The body of an answer that is given again.
 *
 * @throws when R2 has lost it
 */
export async function readAnswerBody(
  files: R2Bucket,
  { entryId, answer: { body } }: Repeated,
): Promise<Uint8Array<ArrayBuffer> | ReadableStream> {
  if (body instanceof Uint8Array) return body;
  const object = await files.get(body.objectKey);
  if (!object) throw new Error(`The kept answer of ${entryId} is missing in R2.`);
  return object.body;
}

/** Seal an answer's body for the entry that it belongs to. */
export async function sealAnswer(
  masterKey: string,
  place: string,
  answer: WholeAnswer | undefined,
): Promise<WholeAnswer | undefined> {
  if (!answer) return undefined;
  return { ...answer, body: await sealBytes(derivedKey(masterKey, "kept answers"), place, answer.body) };
}

/** @throws when it was sealed with another master key or for another place */
export async function unsealAnswer(
  masterKey: string,
  place: string,
  answer: StoredAnswer,
  sealed: Uint8Array<ArrayBuffer>,
): Promise<WholeAnswer> {
  return { ...answer, body: await unsealBytes(derivedKey(masterKey, "kept answers"), place, sealed) };
}

/** How long a cell may take to be told of an answer before the caller gets it all the same, in milliseconds. */
const CONCLUDE_MS = 5_000;

/** The answers that a tenant's cell keeps. */
export function answersOfTenant(
  tenantId: TenantId,
  { cells, files, masterKey }: { cells: Cells; files: R2Bucket; masterKey: string },
): KeptAnswers {
  const placeOf = (entryId: EntryId): string => `${tenantId} ${entryId}`;
  return {
    conclude: async (held, answer) => {
      const sealed = await sealAnswer(masterKey, placeOf(held.entryId), answer);
      const stored = sealed && (await storeAnswer(tenantId, files, held.entryId, sealed));
      await before(CONCLUDE_MS, cellOf(cells, tenantId).conclude({ ...held, answer: stored }));
    },
    recall: async (repeated) => {
      const { entryId, answer } = repeated;
      const body = await readAnswerBody(files, repeated);
      const sealed = new Uint8Array(await new Response(body).arrayBuffer());
      return await unsealAnswer(masterKey, placeOf(entryId), answer, sealed);
    },
  };
}
