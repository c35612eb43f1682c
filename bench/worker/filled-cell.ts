import { TenantCell as ProductCell } from "../../durable-objects/tenant-cell.ts";

/** The product's cell, which can be given a past. */
export class TenantCell extends ProductCell {
  /** Put so many rows into the ledger, and so many API keys beside those that there are; then forget what is in memory. */
  fill(rows: number, keys: number): void {
    const { sql } = this.ctx.storage;
    const hash = "x".repeat(43);
    sql.exec(
      `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
       INSERT INTO ledger_rows SELECT n, 'charge', printf('ent_%026d', n), n, 'key', 'mdl', 'mnist', 'ver', 1, 'isolate', 1, 100, 100,
         'pending', 0, 0, 0, NULL, ?, ? FROM numbers`,
      rows,
      hash,
      hash,
    );
    sql.exec(
      `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
       INSERT INTO hot_state SELECT 'key', printf('key_%026d', n), json_set(known.body, '$.keyId', printf('key_%026d', n), '$.hash', printf('hash %d', n))
       FROM numbers, (SELECT body FROM hot_state WHERE kind = 'key' LIMIT 1) AS known`,
      keys,
    );
    this.ctx.abort("The cell was given a past.");
  }
}
