import { describe, expect, test } from "vitest";
import { newId } from "../../src/shared/ids.ts";
import { anchorsOf, archiveDueMs, archiveKey, describes, straysOf } from "../../src/usage/archive.rules.ts";
import type { LedgerRow } from "../../src/usage/chain.rules.ts";
import { CHARGE } from "../support/charge.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function row(seq: number, changed: Partial<LedgerRow> = {}): LedgerRow {
  const atMs = changed.atMs ?? seq;
  const link = { seq, previousHash: `hash of ${seq - 1}`, hash: `hash of ${seq}` };
  return { ...CHARGE, ...link, entryId: newId("ent", atMs), atMs, ...changed };
}

function anchored(rows: readonly LedgerRow[]) {
  const anchors = anchorsOf(rows);
  if (!anchors) throw new Error("No rows have no anchors.");
  return anchors;
}

describe("an archive is due", () => {
  test("a day after its oldest row has been kept long enough, while there is no full one", () => {
    expect(archiveDueMs(5_000, undefined, 30 * DAY_MS)).toBe(31 * DAY_MS + 5_000);
  });

  test("once the last row of a full one has been kept long enough, if that is sooner", () => {
    expect(archiveDueMs(0, HOUR_MS, 30 * DAY_MS)).toBe(30 * DAY_MS + HOUR_MS);
    expect(archiveDueMs(0, 2 * DAY_MS, 30 * DAY_MS)).toBe(31 * DAY_MS);
  });

  test("never before its first row has been kept long enough, though the clock was put back behind it", () => {
    expect(archiveDueMs(HOUR_MS, 0, 30 * DAY_MS)).toBe(30 * DAY_MS + HOUR_MS);
  });
});

describe("an archive's anchors", () => {
  const rows = [row(7, { atMs: 20 }), row(8, { atMs: 10 }), row(9, { atMs: 30 })];

  test("are its ends in the chain and in time", () => {
    expect(anchorsOf(rows)).toEqual({
      firstSeq: 7,
      lastSeq: 9,
      firstPreviousHash: "hash of 6",
      lastHash: "hash of 9",
      fromMs: 10,
      toMs: 30,
      rows: 3,
    });
    expect(anchorsOf([])).toBeUndefined();
  });

  test("make its key, whose order is that of the rows", () => {
    const tenantId = newId("ten", 0);
    const key = archiveKey(tenantId, anchored(rows));
    expect(key).toBe(`tenants/${tenantId}/ledger/0000000000000007-0000000000000009.jsonl.gz`);
    expect(archiveKey(tenantId, anchored([row(10)])) > key).toBe(true);
  });

  test("tell its rows from others", () => {
    const archive = { ...anchored(rows), objectKey: "key", bytes: 1, sha256: "sha" };
    expect(describes(archive, rows)).toBe(true);
    expect(describes(archive, rows.slice(1))).toBe(false);
    expect(describes(archive, [])).toBe(false);
    expect(describes({ ...archive, toMs: 31 }, rows)).toBe(false);
  });
});

test("rows stray whose entry's time lies outside the archive's: late settlements, first charges, and credit", () => {
  const early = newId("ent", 99);
  const rows = [
    row(0, { atMs: 100, entryId: early }),
    row(1, { atMs: 100 }),
    row(2, { atMs: 150, kind: "settlement", entryId: early }),
    row(3, { atMs: 180, kind: "credit", entryId: "grant-1" }),
    row(4, { atMs: 200, kind: "settlement", entryId: newId("ent", 100) }),
  ];
  expect(straysOf(rows, anchored(rows)).map(({ seq }) => seq)).toEqual([0, 2, 3]);
});
