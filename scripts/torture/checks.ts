/** Whether what the clients learned and what the books say agree: each check counts what differs. */
import type { Account, Check } from "./account.ts";
import { checkAnswers, sameAnswers } from "./answer-checks.ts";
import { checkLedger } from "./ledger-checks.ts";

/** Make all checks, each over all tenants. */
export function checkAccounts(accounts: readonly Account[]): Check[] {
  const checks = accounts.flatMap((account) => [...checkAnswers(account), ...checkLedger(account)]);
  const answers = sameAnswers(accounts.flatMap(({ records }) => records));
  return [...Map.groupBy([...checks, answers], ({ name }) => name)].map(([name, parts]) => ({
    name,
    looked: parts.reduce((sum, { looked }) => sum + looked, 0),
    differences: parts.flatMap(({ differences }) => differences),
  }));
}
