import { TenantCell } from "../../../durable-objects/tenant-cell.ts";

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
}
