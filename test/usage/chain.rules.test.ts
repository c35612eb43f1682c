import { describe, expect, test } from "vitest";
import documentation from "../../docs/ledger.md";
import { isId } from "../../src/shared/ids.ts";
import { sha256 } from "../../src/shared/sha256.ts";
import {
  type LedgerEntry,
  type LedgerRow,
  canonicalText,
  followChain,
  genesisOf,
} from "../../src/usage/chain.rules.ts";
import { fromLines, toLines } from "../../src/usage/ledger-record.rules.ts";
import { LedgerTail } from "../../src/usage/ledger.store.ts";
import { CHARGE } from "../support/charge.ts";

const TENANT = "ten_01kdvd2m4r8x5n7c9d1f3h5j7k";
if (!isId("ten", TENANT)) throw new Error("The documentation's tenant has no tenant's id.");
const genesis = genesisOf(TENANT);

const entry: LedgerEntry = CHARGE;

/** A chain of three rows. */
function chain(): LedgerRow[] {
  const rows: LedgerRow[] = [];
  const tail = new LedgerTail(genesis);
  for (let seq = 1; seq <= 3; seq++) {
    const previousHash = tail.head.hash;
    rows.push({ ...entry, seq, previousHash, hash: tail.append(entry) });
  }
  return rows;
}

describe("docs/ledger.md", () => {
  const shown = fromLines(/^\{"seq":.*$/m.exec(documentation)?.[0] ?? "");

  test("shows a row, its canonical text and its hash as the rules make them", () => {
    expect(shown).toHaveLength(1);
    for (const row of shown) {
      expect(documentation).toContain(`\n${canonicalText(row)}\n`);
      expect(documentation).toContain(`\n${sha256(canonicalText(row))}\n`);
      expect(row.hash).toBe(sha256(canonicalText(row)));
    }
  });

  test("shows what its tenant's first row names as the hash before it", () => {
    expect(documentation).toContain(`SHA-256("tensorgate-ledger ${TENANT}") = ${genesis.hash}\n`);
  });

  test("names the values of the canonical text in their order", () => {
    const [named = ""] = /^`seq`, `kind`[^:]*?`previous_hash`$/ms.exec(documentation) ?? [];
    const members = [...named.matchAll(/`(\w+)`/g)].map((match) => match[1]);
    expect([...members, "hash"]).toEqual(Object.keys(JSON.parse(toLines(shown)) as object));
  });
});

describe("a canonical text", () => {
  test("writes strings as JSON does: quotes, control characters and lone surrogates escaped, all else as it is", () => {
    const text = canonicalText({ ...entry, idempotencyKey: '"\\\n\u0001é\u{1f600}\ud800', seq: 1, previousHash: "" });
    expect(text).toContain(String.raw`,"\"\\\n\u0001é😀\ud800",`);
  });

  test("comes back whole from the lines of an archive", () => {
    const [row] = chain();
    if (!row) throw new Error("A chain has a first row.");
    const odd = { ...row, idempotencyKey: '\u2028\n"é\u{1f600}', keyId: null, version: null };
    expect(fromLines(toLines([odd, row]))).toEqual([odd, row]);
  });
});

describe("a chain", () => {
  test("is followed to its last row", () => {
    const rows = chain();
    expect(followChain(genesis, rows)).toEqual({ seq: 3, hash: rows[2]?.hash });
    expect(followChain(genesis, [])).toEqual(genesis);
  });

  test.each([
    ["a row that is gone", (rows: LedgerRow[]) => rows.toSpliced(1, 1), { seq: 2, reason: "missing-row" }],
    ["rows out of order", (rows: LedgerRow[]) => rows.toReversed(), { seq: 1, reason: "missing-row" }],
    [
      "a changed value",
      (rows: LedgerRow[]) => rows.map((row) => ({ ...row, units: 2 })),
      { seq: 1, reason: "changed-row" },
    ],
    [
      "a changed value that was hashed anew, by the row after it",
      (rows: LedgerRow[]) =>
        rows.map((row) =>
          row.seq === 2 ? { ...row, hash: sha256(canonicalText({ ...row, units: 2 })), units: 2 } : row,
        ),
      { seq: 3, reason: "wrong-previous-hash" },
    ],
  ])("is left at %s", (_what, change, fault) => {
    expect(followChain(genesis, change(chain()))).toEqual(fault);
  });
});
