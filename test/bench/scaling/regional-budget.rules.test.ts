import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  EMPTY_ACCOUNT,
  type Grant,
  type HomeBudget,
  type RegionalAccount,
  type Report,
  type WindowPolicy,
  acceptGrant,
  answerReport,
  availableUnits,
  freeUnits,
  refund,
  reportOf,
  returnExcess,
  spend,
  spendAtHome,
  strandedBound,
} from "../../../bench/scaling/regional-budget.rules.ts";

const NOTHING_GRANTED: HomeBudget = { budgetUnits: 100, spentAtHome: 0, accounts: new Map() };
const WINDOWS: WindowPolicy = { maxWindowUnits: 10, regions: 2 };

function ask(home: HomeBudget, account: RegionalAccount, wantedUnits: number, windows = WINDOWS) {
  const answer = answerReport(home, "weur/1", reportOf(account, wantedUnits), windows);
  return { ...answer, account: acceptGrant(account, answer.grant) };
}

describe("a grant", () => {
  test("fills a cell up to what it wants, and to its window at most", () => {
    expect(ask(NOTHING_GRANTED, EMPTY_ACCOUNT, 4).grant).toEqual({ grantedTotal: 4, windowUnits: 10 });
    const { home, account, grant } = ask(NOTHING_GRANTED, EMPTY_ACCOUNT, 50);
    expect(grant).toEqual({ grantedTotal: 10, windowUnits: 10 });
    expect(freeUnits(home)).toBe(90);
    expect(availableUnits(account)).toBe(10);
    // Three are spent, so three more are granted.
    const three = [1, 2, 3].reduce((held) => spend(held) ?? held, account);
    expect(ask(home, three, 50).grant.grantedTotal).toBe(13);
  });

  test("is the same total when the report is repeated, and changes nothing when it comes twice or late", () => {
    const report = reportOf(EMPTY_ACCOUNT, 10);
    const first = answerReport(NOTHING_GRANTED, "weur/1", report, WINDOWS);
    const second = answerReport(first.home, "weur/1", report, WINDOWS);
    expect(second.grant.grantedTotal).toBe(first.grant.grantedTotal);
    const held = acceptGrant(acceptGrant(EMPTY_ACCOUNT, first.grant), second.grant);
    expect(availableUnits(held)).toBe(10);
    expect(availableUnits(acceptGrant(held, { grantedTotal: 3, windowUnits: 10 }))).toBe(10);
  });

  test("leaves the home cell as it is when an older report arrives after a newer one", () => {
    const { home, account } = ask(NOTHING_GRANTED, EMPTY_ACCOUNT, 10);
    const newer = returnExcess(refund(spend(account) ?? account), 2);
    const { home: after } = ask(home, newer, 2);
    expect(answerReport(after, "weur/1", reportOf(account, 10), WINDOWS).home).toEqual(after);
  });

  test("that a restored home cell has forgotten is learnt again from the cell that has it", () => {
    const { account } = ask(NOTHING_GRANTED, EMPTY_ACCOUNT, 10);
    const { home, grant } = ask(NOTHING_GRANTED, spend(account) ?? account, 0);
    expect(grant.grantedTotal).toBe(10);
    expect(freeUnits(home)).toBe(90);
  });

  test("shrinks with the budget: half of what is free, shared by the regions", () => {
    // ceil(9 / (2 · 2)) = 3
    expect(ask({ ...NOTHING_GRANTED, budgetUnits: 9 }, EMPTY_ACCOUNT, 50).grant.windowUnits).toBe(3);
    expect(ask({ ...NOTHING_GRANTED, budgetUnits: 1 }, EMPTY_ACCOUNT, 50).grant.grantedTotal).toBe(1);
    expect(ask({ ...NOTHING_GRANTED, budgetUnits: 0 }, EMPTY_ACCOUNT, 50).grant).toEqual({
      grantedTotal: 0,
      windowUnits: 0,
    });
  });

  test("stops when the budget was lowered below what is given out, and goes on when it is raised", () => {
    const { home, account } = ask(NOTHING_GRANTED, EMPTY_ACCOUNT, 10);
    const lowered = ask({ ...home, budgetUnits: 5 }, spend(account) ?? account, 10);
    expect(lowered.grant).toEqual({ grantedTotal: 10, windowUnits: 0 });
    expect(ask({ ...lowered.home, budgetUnits: 100 }, lowered.account, 20).grant.grantedTotal).toBeGreaterThan(10);
  });
});

describe("a unit", () => {
  test("that is given back can't be spent, and is free at home once that is told", () => {
    const { home, account } = ask(NOTHING_GRANTED, EMPTY_ACCOUNT, 10);
    const emptied = returnExcess(account, 0);
    expect(spend(emptied)).toBeUndefined();
    expect(freeUnits(home)).toBe(90);
    expect(freeUnits(ask(home, emptied, 0).home)).toBe(100);
  });

  test("that is refunded goes home, not back to its cell", () => {
    const { home, account } = ask(NOTHING_GRANTED, EMPTY_ACCOUNT, 10);
    const refunded = refund(spend(account) ?? account);
    expect(availableUnits(refunded)).toBe(9);
    expect(freeUnits(ask(home, refunded, 9).home)).toBe(91);
  });

  test("that a lost database held stays given out: its successor starts with nothing", () => {
    const { home } = ask(NOTHING_GRANTED, EMPTY_ACCOUNT, 10);
    const { home: after, grant } = answerReport(home, "weur/2", reportOf(EMPTY_ACCOUNT, 4), WINDOWS);
    expect(grant.grantedTotal).toBe(4);
    expect(freeUnits(after)).toBe(86);
  });
});

/** Cells of three regions and everything that was ever sent: any of it may arrive, once, often, late or never. */
interface System {
  home: HomeBudget;
  readonly cells: { account: RegionalAccount; incarnation: number }[];
  readonly reports: { cell: number; incarnation: number; report: Report }[];
  readonly grants: { cell: number; incarnation: number; grant: Grant }[];
  netUnits: number;
  lostUnits: number;
}

const CELLS = 3;
const POLICY: WindowPolicy = { maxWindowUnits: 12, regions: CELLS };
const BUDGET = 60;

const step = fc.record({
  kind: fc.constantFrom(
    "spend",
    "spend",
    "spend",
    "home",
    "refund",
    "return",
    "report",
    "hear",
    "take",
    "lose",
    "raise",
  ),
  cell: fc.nat(CELLS - 1),
  number: fc.nat(40),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function play(system: System, { kind, cell: index, number }: Step): void {
  const cell = system.cells[index];
  if (!cell) return;
  switch (kind) {
    case "spend": {
      const charged = spend(cell.account);
      if (charged) [cell.account, system.netUnits] = [charged, system.netUnits + 1];
      return;
    }
    case "home": {
      const charged = spendAtHome(system.home);
      if (charged) [system.home, system.netUnits] = [charged, system.netUnits + 1];
      return;
    }
    case "refund":
      if (cell.account.refundedTotal === cell.account.spentTotal) return;
      [cell.account, system.netUnits] = [refund(cell.account), system.netUnits - 1];
      return;
    case "return":
      cell.account = returnExcess(cell.account, number);
      return;
    case "report":
      system.reports.push({ ...cell, cell: index, report: reportOf(cell.account, number) });
      return;
    case "hear":
      hear(system, number);
      return;
    case "take":
      take(system, number);
      return;
    case "lose":
      system.lostUnits += availableUnits(cell.account);
      [cell.account, cell.incarnation] = [EMPTY_ACCOUNT, cell.incarnation + 1];
      return;
    case "raise":
      system.home = { ...system.home, budgetUnits: system.home.budgetUnits + (number % 3) };
  }
}

/** Any report of the past arrives at home. */
function hear(system: System, number: number): void {
  const sent = system.reports[number % Math.max(1, system.reports.length)];
  if (!sent) return;
  const { home, grant } = answerReport(system.home, `${sent.cell}/${sent.incarnation}`, sent.report, POLICY);
  system.home = home;
  system.grants.push({ ...sent, grant });
}

/** Any grant of the past arrives; one for a former incarnation is not taken. */
function take(system: System, number: number): void {
  const sent = system.grants[number % Math.max(1, system.grants.length)];
  const cell = sent && system.cells[sent.cell];
  if (cell && cell.incarnation === sent.incarnation) cell.account = acceptGrant(cell.account, sent.grant);
}

function newSystem(): System {
  return {
    home: { budgetUnits: BUDGET, spentAtHome: 0, accounts: new Map() },
    cells: Array.from({ length: CELLS }, () => ({ account: EMPTY_ACCOUNT, incarnation: 1 })),
    reports: [],
    grants: [],
    netUnits: 0,
    lostUnits: 0,
  };
}

describe("in every order of spends, crashes and messages", () => {
  const steps = fc.array(step, { minLength: 50, maxLength: 400 });

  test("no more is spent than the budget, and no more lies prepaid than the bound", () => {
    fc.assert(
      fc.property(steps, (plan) => {
        const system = newSystem();
        for (const each of plan) {
          play(system, each);
          const held = system.cells.map(({ account }) => availableUnits(account));
          const { budgetUnits } = system.home;
          expect(Math.min(...held)).toBeGreaterThanOrEqual(0);
          const heldUnits = held.reduce((sum, units) => sum + units, 0);
          expect(system.netUnits + heldUnits + system.lostUnits).toBeLessThanOrEqual(budgetUnits);
          expect(heldUnits).toBeLessThanOrEqual(strandedBound(POLICY, budgetUnits));
        }
      }),
      { numRuns: 500 },
    );
  });

  test("nothing is missing once every cell has given back what it holds and has been heard", () => {
    fc.assert(
      fc.property(steps, (plan) => {
        const system = newSystem();
        for (const each of plan.filter(({ kind }) => kind !== "lose")) play(system, each);
        for (const grant of system.grants.keys()) take(system, grant);
        for (const cell of system.cells.keys()) {
          play(system, { kind: "return", cell, number: 0 });
          play(system, { kind: "report", cell, number: 0 });
          hear(system, system.reports.length - 1);
        }
        expect(freeUnits(system.home)).toBe(system.home.budgetUnits - system.netUnits);
      }),
      { numRuns: 500 },
    );
  });
});
