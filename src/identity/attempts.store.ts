import type { Failures } from "./attempts.rules.ts";

const ATTEMPTS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS memories (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    forget_at_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, name)
  ) WITHOUT ROWID;
`;

/** What is remembered, by its kind. */
type Bodies = {
  /** When attempts were made, ms since 1970. */
  attempts: readonly number[];
  failures: Failures;
  /** A network that the account was used from. */
  network: true;
};

/** What an attempt limiter remembers of one address or account, each thing for a time of its own. */
export class AttemptMemory {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** What is remembered under this name; undefined once its time is over. */
  get<K extends keyof Bodies>(kind: K, name: string, nowMs: number): Bodies[K] | undefined {
    const [row] = this.#sql
      .exec<{ body: string }>(
        "SELECT body FROM memories WHERE kind = ? AND name = ? AND forget_at_ms > ?",
        kind,
        name,
        nowMs,
      )
      .toArray();
    // oxlint-disable-next-line typescript/no-unsafe-return -- `put` wrote the row with this very type
    return row && JSON.parse(row.body);
  }

  put<K extends keyof Bodies>(kind: K, name: string, body: Bodies[K], forgetAtMs: number): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO memories (kind, name, body, forget_at_ms) VALUES (?, ?, ?, ?)",
      kind,
      name,
      JSON.stringify(body),
      forgetAtMs,
    );
  }

  delete(kind: keyof Bodies, name: string): void {
    this.#sql.exec("DELETE FROM memories WHERE kind = ? AND name = ?", kind, name);
  }

  /** Keep so many of a kind: those that are to be forgotten last. */
  keepLast(kind: keyof Bodies, most: number): void {
    this.#sql.exec(
      `DELETE FROM memories WHERE kind = ?1 AND name NOT IN (
         SELECT name FROM memories WHERE kind = ?1 ORDER BY forget_at_ms DESC, name LIMIT ?2
       )`,
      kind,
      most,
    );
  }

  /** See to it that what is over at this time is forgotten then. */
  async wakeAt(forgetAtMs: number): Promise<void> {
    const alarmMs = await this.#storage.getAlarm();
    if (alarmMs === null || alarmMs > forgetAtMs) await this.#storage.setAlarm(forgetAtMs);
  }

  /** Forget what is over; with the last of it the whole storage, so that an object nobody asks any more costs nothing. */
  async forget(nowMs: number): Promise<void> {
    this.#sql.exec("DELETE FROM memories WHERE forget_at_ms <= ?", nowMs);
    const { next } = this.#sql.exec<{ next: number | null }>("SELECT min(forget_at_ms) AS next FROM memories").one();
    if (next === null) await this.#storage.deleteAll();
    else await this.wakeAt(next);
  }

  /** The table is made where it is missing: an object that was forgotten may be asked again before it is evicted. */
  get #sql(): SqlStorage {
    const { sql } = this.#storage;
    sql.exec(ATTEMPTS_SCHEMA);
    return sql;
  }
}
