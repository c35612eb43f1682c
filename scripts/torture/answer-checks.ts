/** What can be checked without the ledger's rows: what the clients were told, and the sum of usage. */
import { type Account, type Check, look } from "./account.ts";
import type { CallRecord } from "./call-record.ts";
import type { PlannedCall } from "./plan.ts";

/** All checks of one tenant's answers. */
export function checkAnswers({ tenant, records, books }: Account): Check[] {
  const answered = records.filter(({ successes }) => successes.length > 0);
  const doubtful = records.filter(({ isDoubtful, rejections }) => isDoubtful || rejections > 0);
  const { inferences } = books.usage.total;
  const isLimited = tenant.limits.perDay !== undefined || tenant.limits.rate !== undefined;
  return [
    look("every call has a final answer", records, ({ key, isAbandoned }) =>
      isAbandoned ? `${key} has none` : undefined,
    ),
    look("no client got an answer that nobody should get", records, ({ key, unexpected, refusals }) => {
      if (refusals > 0 && !isLimited) return `${key} met a limit that ${tenant.name} does not have`;
      return unexpected.length > 0 ? `${key} got ${unexpected.join(", ")}` : undefined;
    }),
    look("all answers to one call name the same entry", answered, ({ key, successes }) => {
      const entries = new Set(successes.map(({ entryId }) => entryId));
      return entries.size > 1 ? `${key} was answered for ${[...entries].join(" and ")}` : undefined;
    }),
    look("no entry stands for two calls", [...keysByEntry(answered)], ([entry, keys]) => {
      return keys.length > 1 ? `${entry} stands for ${keys.join(" and ")}` : undefined;
    }),
    look("usage is as much as was answered", [inferences], () => {
      const isRight = inferences >= answered.length && inferences <= answered.length + doubtful.length;
      if (isRight) return undefined;
      return `${tenant.name}: ${inferences} charged, ${answered.length} answered, ${doubtful.length} in doubt`;
    }),
  ];
}

function keysByEntry(answered: readonly CallRecord[]): Map<string, string[]> {
  const keys = new Map<string, string[]>();
  for (const { key, successes } of answered) {
    const entry = successes[0]?.entryId ?? "";
    keys.set(entry, [...(keys.get(entry) ?? []), key]);
  }
  return keys;
}

/** All tenants have the same model, so an answer that belongs to somebody else shows. */
export function sameAnswers(records: readonly CallRecord[]): Check {
  const known = new Map<PlannedCall["question"], string>();
  return look("the same question has the same answer", records, ({ key, plan, successes }) => {
    for (const { text } of successes) {
      const expected = known.get(plan.question) ?? text;
      known.set(plan.question, expected);
      if (text !== expected) return `${key} was answered ${text} instead of ${expected}`;
    }
    return undefined;
  });
}
