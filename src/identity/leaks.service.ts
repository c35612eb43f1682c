import { type Doer, auditRow } from "../events/audit.rules.ts";
import type { Services } from "../services.ts";
import type { TenantId } from "../shared/ids.ts";
import { logFault } from "../shared/log.ts";
import { sha256 } from "../shared/sha256.ts";
import { parseApiKey } from "./keys.rules.ts";
import { findKeyByHash, markKeyRevoked } from "./keys.store.ts";
import type { KeyRow } from "./keys.tables.ts";
import { type Leak, shownUrl } from "./leaks.rules.ts";
import { findToldOfLeak } from "./leaks.store.ts";
import { FOREVER_MS } from "./revocation.service.ts";

/**
 * Revoke the keys of ours among what somebody found. When it returns, they are refused. May be repeated.
 *
 * @returns which of the tokens are keys of ours, whether they still held or not
 * @throws Error when one of them could not be revoked; all others are
 */
export async function revokeLeaked(services: Services, leaks: readonly Leak[], by: Doer): Promise<Set<string>> {
  const distinct = [...new Map(leaks.map((leak) => [leak.token, leak])).values()];
  const settled = await Promise.allSettled(distinct.map(async (leak) => await revokeOne(services, leak, by)));
  const failed = settled.filter((result) => result.status === "rejected");
  if (failed.length > 0) {
    throw new Error(`${failed.length} leaked keys could not be revoked.`, { cause: failed[0]?.reason });
  }
  return new Set(distinct.filter((_, at) => isOurs(settled[at])).map(({ token }) => token));
}

function isOurs(result: PromiseSettledResult<boolean> | undefined): boolean {
  return result?.status === "fulfilled" && result.value;
}

async function revokeOne(services: Services, leak: Leak, by: Doer): Promise<boolean> {
  const parsed = parseApiKey(leak.token);
  const { tenantId } = parsed ?? {};
  const key = tenantId && (await findKeyByHash(tenantId, services.db, sha256(leak.token)));
  if (!key) return false;
  const { id: keyId } = key;
  // the cell first: should the rest fail, the key is dead, and the report is repeated
  await services.cell(tenantId).refuseBefore("key", keyId, FOREVER_MS);
  const nowMs = services.now();
  const foundAt = shownUrl(leak.url);
  const audit = auditRow(
    {
      ...by,
      act: "key.leaked",
      tenantId,
      targetId: keyId,
      after: { type: leak.type, ...(foundAt && { url: foundAt }) },
    },
    nowMs,
  );
  const isNew = await markKeyRevoked(tenantId, services.db, keyId, nowMs, audit);
  if (isNew) await tell(services, tenantId, key, { foundAt, atMs: nowMs });
  await services.refresh(tenantId, { kind: "key", keyId });
  return true;
}

/** Write to who looks after the key. That it is revoked does not depend on it. */
async function tell(
  services: Services,
  tenantId: TenantId,
  { name: keyName, lastFour, userId }: KeyRow,
  { foundAt, atMs }: { foundAt: string | undefined; atMs: number },
): Promise<void> {
  try {
    const { organisation, emails } = await findToldOfLeak(tenantId, services.db, userId);
    const data = { organisation, keyName, lastFour, foundAt, atMs, url: `${services.issuer}/keys` };
    for (const to of emails) services.mailer.sendLater({ to, template: "key-leaked", data });
  } catch (error) {
    logFault("Nobody could be told of a leaked key.", { tenantId, error: String(error) });
  }
}
