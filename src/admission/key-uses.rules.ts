import type { KeyId } from "../shared/ids.ts";

/** So long after a use that was written, another is written: ms. */
const WRITTEN_EVERY_MS = 3_600_000;

/**
 * When keys were used last, without a write for each use.
 *
 * Memory knows each use; SQLite is told of the first one in an hour. So the time is exact while the cell stays awake, and too early
 * by less than an hour where it was evicted since.
 */
export class KeyUses {
  readonly #lastMs: Map<string, number>;
  readonly #writtenMs: Map<string, number>;

  /** @param written  what SQLite has, ms since 1970 by key */
  constructor(written: ReadonlyMap<string, number>) {
    this.#lastMs = new Map(written);
    this.#writtenMs = new Map(written);
  }

  /** Note a use. @returns whether it is to be written, with the transaction that it belongs to */
  note(keyId: KeyId, nowMs: number): boolean {
    this.#lastMs.set(keyId, nowMs);
    if (nowMs - (this.#writtenMs.get(keyId) ?? -Infinity) < WRITTEN_EVERY_MS) return false;
    this.#writtenMs.set(keyId, nowMs);
    return true;
  }

  /** When these keys were used last, ms since 1970; those that never were are left out. */
  lastOf(keyIds: readonly KeyId[]): Map<KeyId, number> {
    return new Map(
      keyIds.flatMap((keyId) => {
        const lastMs = this.#lastMs.get(keyId);
        return lastMs === undefined ? [] : [[keyId, lastMs] as const];
      }),
    );
  }
}
