import { describe, expect, test } from "vitest";
import type { HourTotals } from "../../src/usage/fleet.rules.ts";
import { type CellAccount, type RegistryAccount, compareAccounts } from "../../src/usage/reconciliation.rules.ts";

const HOUR_MS = 3_600_000;
const SINCE = Date.parse("2030-01-01T00:00:00Z");
const HOUR = SINCE + HOUR_MS;
const NOW = SINCE + 12 * HOUR_MS;

function totals(ok: number, refused = 0): HourTotals {
  return {
    inferences: ok,
    pending: 0,
    ok,
    rejected: 0,
    failed: 0,
    unsettled: 0,
    costMicroUsd: ok,
    computeMs: ok,
    bytesIn: ok,
    bytesOut: ok,
    refused,
  };
}

const inCell = (revision: number, ok: number, changed: Partial<CellAccount["hours"][number]> = {}) => {
  return { hourMs: HOUR, revision, toldAtMs: HOUR + HOUR_MS, totals: totals(ok), ...changed };
};
const inRegistry = (revision: number, ok: number, changed: Partial<RegistryAccount["hours"][number]> = {}) => {
  return { hourMs: HOUR, revision, asOfMs: HOUR, totals: totals(ok), ...changed };
};

function cell(changed: Partial<CellAccount> = {}): CellAccount {
  return { sinceMs: SINCE, hours: [], untoldHoursMs: [], older: { totals: totals(0), toldAtMs: 0 }, ...changed };
}

function registry(changed: Partial<RegistryAccount> = {}): RegistryAccount {
  return { hours: [], older: totals(0), ...changed };
}

const compare = (one: CellAccount, other: RegistryAccount) => compareAccounts(one, other, NOW);

describe("an hour", () => {
  test("that is the same on both sides is no difference", () => {
    expect(compare(cell({ hours: [inCell(4, 2)] }), registry({ hours: [inRegistry(4, 2)] }))).toEqual([]);
  });

  test("whose totals differ at the same revision is different", () => {
    expect(compare(cell({ hours: [inCell(4, 2)] }), registry({ hours: [inRegistry(4, 1)] }))).toEqual([
      { kind: "different", hourMs: HOUR, inCell: totals(2), inRegistry: totals(1) },
    ]);
  });

  test("of which the registry has more of the ledger than the cell told is different, were the totals the same", () => {
    const found = compare(cell({ hours: [inCell(4, 2)] }), registry({ hours: [inRegistry(5, 2)] }));
    expect(found.map(({ kind }) => kind)).toEqual(["different"]);
  });

  test("that never arrived is missing", () => {
    expect(compare(cell({ hours: [inCell(4, 2)] }), registry())).toEqual([
      { kind: "missing", hourMs: HOUR, inCell: totals(2), inRegistry: null },
    ]);
  });

  test("of which only an older telling arrived is missing", () => {
    const found = compare(cell({ hours: [inCell(4, 2)] }), registry({ hours: [inRegistry(2, 1)] }));
    expect(found).toMatchObject([{ kind: "missing", inRegistry: totals(1) }]);
    const fewer = { hours: [inRegistry(4, 2, { totals: totals(2, 1) })] };
    expect(compare(cell({ hours: [inCell(4, 2, { totals: totals(2, 3) })] }), registry(fewer))).toMatchObject([
      { kind: "missing" },
    ]);
  });

  test("that was told within the last hour may still be on its way", () => {
    const late = inCell(4, 2, { toldAtMs: NOW - HOUR_MS + 1 });
    expect(compare(cell({ hours: [late] }), registry())).toEqual([]);
    expect(compare(cell({ hours: [{ ...late, toldAtMs: NOW - HOUR_MS }] }), registry())).toHaveLength(1);
  });

  test("of which the cell has not told all is left out, whatever the registry has", () => {
    expect(compare(cell({ untoldHoursMs: [HOUR] }), registry({ hours: [inRegistry(2, 1)] }))).toEqual([]);
  });

  test("that the cell knows nothing of is unknown", () => {
    expect(compare(cell(), registry({ hours: [inRegistry(2, 1)] }))).toEqual([
      { kind: "unknown", hourMs: HOUR, inCell: null, inRegistry: totals(1) },
    ]);
  });
});

describe("the sum of all older hours", () => {
  const older = { totals: totals(9), toldAtMs: 0 };

  test("is compared as a whole", () => {
    expect(compare(cell({ older }), registry({ older: totals(9) }))).toEqual([]);
    expect(compare(cell({ older }), registry({ older: totals(8) }))).toEqual([
      { kind: "different", hourMs: 0, inCell: totals(9), inRegistry: totals(8) },
    ]);
  });

  test("is left out while some of it is not told, or may still be on its way", () => {
    const untold = cell({ older, untoldHoursMs: [SINCE - HOUR_MS] });
    expect(compare(untold, registry())).toEqual([]);
    const late = cell({ older: { ...older, toldAtMs: NOW - HOUR_MS + 1 } });
    expect(compare(late, registry())).toEqual([]);
    const ofToday = cell({ older, untoldHoursMs: [SINCE] });
    expect(compare(ofToday, registry())).toHaveLength(1);
  });
});
