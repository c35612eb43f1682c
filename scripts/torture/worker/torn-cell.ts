import { TenantCell } from "../../../durable-objects/tenant-cell.ts";
import type { LedgerRow } from "../../../src/usage/chain.rules.ts";
import { readRows } from "../../../src/usage/ledger.store.ts";

/** The cell as it ships, and a way to tear it out of the middle of its work. */
export class TornCell extends TenantCell {
  /**
   * Evict the cell at once, with all that it has under way and has not written yet.
   *
   * @throws always, to its caller: the object ends with this call
   */
  async tear(): Promise<void> {
    this.ctx.abort("Torn by the torture.");
  }

  /** Rows of the ledger as SQLite has them: those after this one, so many at most. */
  async ledger(afterSeq: number, most: number): Promise<LedgerRow[]> {
    return readRows(this.ctx.storage.sql, afterSeq, most);
  }
}
