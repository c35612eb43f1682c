import { type ChainHead, type LedgerRow, followChain } from "./chain.rules.ts";

/**
 * What can be found wrong with a ledger.
 *
 * - `missing-row`: a row is gone
 * - `wrong-previous-hash`: a row does not name the one before it
 * - `changed-row`: a row is not what was hashed
 * - `wrong-head`: the ledger does not end with the row that the cell wrote last
 * - `missing-archive`, `changed-archive`: of the rows from this one on that have left the cell
 */
export const LEDGER_FAULTS = [
  "missing-row",
  "wrong-previous-hash",
  "changed-row",
  "wrong-head",
  "missing-archive",
  "changed-archive",
] as const;

/** Where a ledger is not what was written: the first row that shows it. */
export interface LedgerFault {
  readonly seq: number;
  readonly reason: (typeof LEDGER_FAULTS)[number];
}

/** What following a ledger, or a part of it, has shown. */
export interface Verification {
  readonly rows: number;
  /** The first and the last row that were followed; undefined where there were none. */
  readonly firstSeq: number | undefined;
  readonly last: ChainHead;
  readonly fault: LedgerFault | undefined;
  /** Whether the ledger goes on behind the last row that was followed. */
  readonly isCut: boolean;
}

/** Follows a ledger part by part, up to its first fault. */
export class LedgerWalk {
  #last: ChainHead;
  #rows = 0;
  #firstSeq: number | undefined;
  #fault: LedgerFault | undefined;

  constructor(from: ChainHead) {
    this.#last = from;
  }

  /** Rows followed so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Follow rows that come next. @returns whether each follows from the one before it */
  follow(rows: readonly LedgerRow[]): boolean {
    for (const row of rows) {
      const reached = followChain(this.#last, [row]);
      if ("reason" in reached) {
        this.#fault = reached;
        return false;
      }
      this.#firstSeq ??= row.seq;
      this.#rows += 1;
      this.#last = reached;
    }
    return true;
  }

  /** The rows are at their end: the last must be the one that the cell wrote last. */
  arriveAt(head: ChainHead): void {
    const { seq, hash } = this.#last;
    if (seq < head.seq) this.#fault = { seq: seq + 1, reason: "missing-row" };
    else if (seq > head.seq) this.#fault = { seq: head.seq + 1, reason: "wrong-head" };
    else if (hash !== head.hash) this.#fault = { seq, reason: "wrong-head" };
  }

  /** @param fault  why the next rows can't be followed, where they can't be read */
  end(fault?: LedgerFault): Verification {
    const found = this.#fault ?? fault;
    return { rows: this.#rows, firstSeq: this.#firstSeq, last: this.#last, fault: found, isCut: false };
  }

  /** What was found so far, where more rows come. */
  cut(): Verification {
    return { ...this.end(), isCut: true };
  }
}
