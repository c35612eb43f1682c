/**
 * A tenant's prepaid budget, spread over cells in several regions.
 *
 * The home cell owns the budget and grants parts of it; a regional cell spends what it was granted and nothing else. Both
 * keep their side in their own database and tell each other cumulative totals only, so a message that is lost, repeated,
 * late or out of order changes nothing but the moment. In every order of events
 *
 *   spent − refunded ≤ granted − returned − refunded, summed over all cells ≤ the budget
 *
 * because a unit leaves the home cell before a region may spend it. No clock is involved: what a silent cell holds stays
 * its own until it speaks.
 */
export interface RegionalAccount {
  /** Ever granted. Never falls, as none of the totals does. */
  readonly grantedTotal: number;
  /** Ever charged for calls. */
  readonly spentTotal: number;
  /** Ever refunded. A refunded unit goes back to the home cell; it can't be spent again here. */
  readonly refundedTotal: number;
  /** Ever given back unspent. */
  readonly returnedTotal: number;
}

/** What a regional cell tells the home cell: where it stands, and up to which total it would like to be granted. */
export interface Report extends RegionalAccount {
  readonly wantedTotal: number;
}

/** What the home cell answers: a total again, and how much the cell may hold at a time for now. */
export interface Grant {
  readonly grantedTotal: number;
  /** 0 says that the budget is given out. */
  readonly windowUnits: number;
}

/** What the home cell keeps. Its accounts are what the regional cells last told it, and what it granted them. */
export interface HomeBudget {
  /** Bought or allowed so far, in units; a top-up raises it. */
  readonly budgetUnits: number;
  /** Charged to the home cell's own callers, less what was refunded. */
  readonly spentAtHome: number;
  /** By cell: region and incarnation, as a cell that lost its database must start with nothing. */
  readonly accounts: ReadonlyMap<string, RegionalAccount>;
}

/** How much a regional cell may hold unspent at most. */
export interface WindowPolicy {
  readonly maxWindowUnits: number;
  /** Regions that may hold a window each. */
  readonly regions: number;
}

export const EMPTY_ACCOUNT: RegionalAccount = { grantedTotal: 0, spentTotal: 0, refundedTotal: 0, returnedTotal: 0 };

/** What a regional cell may still spend: an integer ≥ 0. */
export function availableUnits({ grantedTotal, spentTotal, returnedTotal }: RegionalAccount): number {
  return grantedTotal - spentTotal - returnedTotal;
}

/** Charge one unit, in the transaction that writes the ledger; undefined when there is none left to charge. */
export function spend(account: RegionalAccount): RegionalAccount | undefined {
  return availableUnits(account) < 1 ? undefined : { ...account, spentTotal: account.spentTotal + 1 };
}

/** Refund one unit that was charged here. */
export function refund(account: RegionalAccount): RegionalAccount {
  return { ...account, refundedTotal: account.refundedTotal + 1 };
}

/** Give back what is held beyond this many units. It is written before it is told, so a crash between can't spend it. */
export function returnExcess(account: RegionalAccount, keepUnits: number): RegionalAccount {
  const excess = Math.max(0, availableUnits(account) - keepUnits);
  return { ...account, returnedTotal: account.returnedTotal + excess };
}

/** What to tell the home cell, by a cell that would like to hold so many units. */
export function reportOf(account: RegionalAccount, wantedUnits: number): Report {
  return { ...account, wantedTotal: account.spentTotal + account.returnedTotal + wantedUnits };
}

/** Take a grant in. An older one than the last changes nothing. */
export function acceptGrant(account: RegionalAccount, grant: Grant): RegionalAccount {
  return { ...account, grantedTotal: Math.max(account.grantedTotal, grant.grantedTotal) };
}

/** What the home cell may still grant, or charge itself; 0 when a budget was lowered below what is given out. */
export function freeUnits({ budgetUnits, spentAtHome, accounts }: HomeBudget): number {
  const held = [...accounts.values()].reduce((sum, account) => sum + committedUnits(account), 0);
  return Math.max(0, budgetUnits - spentAtHome - held);
}

function committedUnits({ grantedTotal, returnedTotal, refundedTotal }: RegionalAccount): number {
  return grantedTotal - returnedTotal - refundedTotal;
}

/** Charge one unit at home; undefined when none is free. */
export function spendAtHome(home: HomeBudget): HomeBudget | undefined {
  return freeUnits(home) < 1 ? undefined : { ...home, spentAtHome: home.spentAtHome + 1 };
}

/**
 * Take a report in and answer it, in one transaction that is durable before the answer leaves.
 *
 * windowUnits = min(maxWindowUnits, ceil(free / (2 · regions)))
 *
 * So windows shrink as the budget runs out, and its last units are spent a few at a time.
 */
export function answerReport(
  home: HomeBudget,
  cell: string,
  report: Report,
  { maxWindowUnits, regions }: WindowPolicy,
): { readonly home: HomeBudget; readonly grant: Grant } {
  const known = merge(home.accounts.get(cell) ?? EMPTY_ACCOUNT, report);
  const free = freeUnits(withAccount(home, cell, known));
  const windowUnits = Math.min(maxWindowUnits, Math.ceil(free / (2 * regions)));
  const allowedTotal = Math.min(report.wantedTotal, known.spentTotal + known.returnedTotal + windowUnits);
  const account = { ...known, grantedTotal: Math.max(known.grantedTotal, allowedTotal) };
  return { home: withAccount(home, cell, account), grant: { grantedTotal: account.grantedTotal, windowUnits } };
}

/**
 * All totals of a cell grow together, so of two reports the newer one is larger in each.
 *
 * The home cell knows better what it granted, unless it was restored from a backup: then it learns that here.
 */
function merge(account: RegionalAccount, report: Report): RegionalAccount {
  return {
    grantedTotal: Math.max(account.grantedTotal, report.grantedTotal),
    spentTotal: Math.max(account.spentTotal, report.spentTotal),
    refundedTotal: Math.max(account.refundedTotal, report.refundedTotal),
    returnedTotal: Math.max(account.returnedTotal, report.returnedTotal),
  };
}

function withAccount(home: HomeBudget, cell: string, account: RegionalAccount): HomeBudget {
  return { ...home, accounts: new Map(home.accounts).set(cell, account) };
}

/**
 * The most that can lie prepaid and unspent in all regions together, whatever happens between the cells:
 *
 * regions · min(maxWindowUnits, ceil(budget / (2 · regions)))
 *
 * A grant fills a cell up to its window as the home cell knows it; what the home cell does not know yet can only be less.
 */
export function strandedBound({ maxWindowUnits, regions }: WindowPolicy, budgetUnits: number): number {
  return regions * Math.min(maxWindowUnits, Math.ceil(budgetUnits / (2 * regions)));
}
