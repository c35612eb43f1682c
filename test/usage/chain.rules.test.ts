import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { newId } from "../../src/shared/ids.ts";
import { sha256 } from "../../src/shared/sha256.ts";
import { type ChainHead, type LedgerRow, canonicalText, followChain, genesisOf } from "../../src/usage/chain.rules.ts";

const tenantId = newId("ten", 0);
const genesis = genesisOf(tenantId);

const entry: Omit<LedgerRow, "seq" | "previousHash" | "hash"> = {
  kind: "charge",
  entryId: "ent_1",
  atMs: 1_000,
  keyId: "key_1",
  modelId: "mdl_1",
  model: "m",
  versionId: "ver_1",
  version: 2,
  runtime: "isolate",
  units: 1,
  rateMicroUsd: 100,
  costMicroUsd: 100,
  outcome: "pending",
  computeMs: 3,
  bytesIn: 4,
  bytesOut: 5,
  idempotencyKey: null,
};

/** A chain of this many rows, each with its number as its entry. */
function chainOf(length: number): LedgerRow[] {
  const rows: LedgerRow[] = [];
  let head: ChainHead = genesis;
  for (let index = 0; index < length; index++) {
    const row = { ...entry, entryId: `ent_${index}`, seq: head.seq + 1, previousHash: head.hash };
    head = { seq: row.seq, hash: sha256(canonicalText(row)) };
    rows.push({ ...row, hash: head.hash });
  }
  return rows;
}

describe("a row of the ledger", () => {
  test("is hashed over a JSON array of its values in a fixed order, as anybody may compute it", () => {
    const text =
      '[1,"charge","ent_1",1000,"key_1","mdl_1","m","ver_1",2,"isolate",1,100,100,"pending",3,4,5,null,"before"]';
    expect(canonicalText({ ...entry, seq: 1, previousHash: "before" })).toBe(text);
    expect(sha256(text)).toBe(createHash("sha256").update(text).digest("base64url"));
  });

  test("of one tenant names another beginning than every other tenant's", () => {
    expect(genesis).toEqual({ seq: 0, hash: sha256(`tensorgate-ledger ${tenantId}`) });
    expect(genesisOf(newId("ten", 0)).hash).not.toBe(genesis.hash);
  });
});

describe("a chain", () => {
  test("that is whole is followed to its last row, from the beginning or from any row", () => {
    const rows = chainOf(3);
    const [first, , last] = rows;
    const head = { seq: 3, hash: last?.hash };
    expect(followChain(genesis, rows)).toEqual(head);
    expect(followChain({ seq: 1, hash: first?.hash ?? "" }, rows.slice(1))).toEqual(head);
    expect(followChain(genesis, [])).toEqual(genesis);
  });

  test.each(Object.keys(entry) as (keyof typeof entry)[])("in which %s was changed is broken at that row", (member) => {
    const rows = chainOf(3).map((row) => (row.seq === 2 ? { ...row, [member]: "changed" } : row));
    expect(followChain(genesis, rows)).toEqual({ seq: 2, reason: "changed-row" });
  });

  test("from which a row was taken, or in which two were swapped, lacks a row there", () => {
    const [one, two, three] = chainOf(3);
    if (!one || !two || !three) throw new Error("Expected three rows.");
    expect(followChain(genesis, [one, three])).toEqual({ seq: 2, reason: "missing-row" });
    expect(followChain(genesis, [two, three])).toEqual({ seq: 1, reason: "missing-row" });
    expect(followChain(genesis, [one, three, two])).toEqual({ seq: 2, reason: "missing-row" });
  });

  test("whose changed row was hashed anew is broken at the row after it", () => {
    const rows = chainOf(3).map((row) => {
      const forged = { ...row, costMicroUsd: 0 };
      return row.seq === 2 ? { ...forged, hash: sha256(canonicalText(forged)) } : row;
    });
    expect(followChain(genesis, rows)).toEqual({ seq: 3, reason: "wrong-previous-hash" });
  });

  test("of another tenant does not follow from this one's beginning", () => {
    expect(followChain(genesisOf(newId("ten", 0)), chainOf(1))).toEqual({ seq: 1, reason: "wrong-previous-hash" });
  });
});
