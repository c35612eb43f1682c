import { type AuditRow, type RequestOrigin, actorOf, auditRow } from "../events/audit.rules.ts";
import type { Clock } from "../shared/clock.ts";
import type { TenantId } from "../shared/ids.ts";
import type { RefusedToken, VerifiedToken } from "./access-tokens.ts";
import type { Background } from "./signing-keys.ts";

/** Why a token that we signed was refused: by its own words, or because what it was issued for is void. */
export type RefusalReason = RefusedToken["reason"] | "void";

/** Whose token it is, and for which tenant. */
type SignedToken = Pick<VerifiedToken, "tenantId" | "credential">;

const WINDOW_MS = 60_000;
/** Rows that one isolate writes of one tenant, and of all together, in a window. */
const MAX_PER_TENANT = 10;
const MAX_IN_ALL = 100;

/**
 * Has it recorded that a token was refused, and sees to it that nobody can fill D1 by that.
 *
 * Only tokens that this server signed are recorded, because nobody else can make them up, each at most once a minute, and few of each
 * tenant. What is beyond is not recorded; it is refused all the same.
 */
export class RefusedTokens {
  readonly #write: (row: AuditRow) => Promise<void>;
  readonly #now: Clock;
  #windowBeganAtMs = -Infinity;
  readonly #seen = new Map<TenantId, Set<string>>();
  #seenInAll = 0;

  constructor(write: (row: AuditRow) => Promise<void>, now: Clock) {
    this.#write = write;
    this.#now = now;
  }

  /** Record it beside the answer. A record that fails is the runtime's to report. */
  note({ tenantId, credential }: SignedToken, reason: RefusalReason, origin: RequestOrigin, to: Background): void {
    const tokenId = credential.subjects.token ?? "";
    const nowMs = this.#now();
    if (!this.#take(tenantId, tokenId, nowMs)) return;
    const actor = actorOf(credential.callerId);
    const after = { reason };
    to.waitUntil(
      this.#write(auditRow({ actor, origin, act: "token.refused", tenantId, targetId: tokenId, after }, nowMs)),
    );
  }

  #take(tenantId: TenantId, tokenId: string, nowMs: number): boolean {
    if (nowMs - this.#windowBeganAtMs >= WINDOW_MS) {
      this.#windowBeganAtMs = nowMs;
      this.#seen.clear();
      this.#seenInAll = 0;
    }
    const ofTenant = this.#seen.get(tenantId) ?? new Set<string>();
    if (this.#seenInAll >= MAX_IN_ALL || ofTenant.size >= MAX_PER_TENANT || ofTenant.has(tokenId)) return false;
    this.#seen.set(tenantId, ofTenant.add(tokenId));
    this.#seenInAll++;
    return true;
  }
}
