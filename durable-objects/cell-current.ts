import { bucketNow, quotaMeterId, quotaNow, rateMeterId } from "../src/admission/meters.rules.ts";
import { windowAt } from "../src/admission/windows.rules.ts";
import {
  type ConcurrencyReading,
  type CreditReading,
  type CurrentUsage,
  MAX_READINGS,
  type QuotaReading,
  type RateReading,
  type SpendReading,
  type Whose,
  closestFirst,
  forecastOf,
  readQuota,
  readRate,
} from "../src/usage/current.rules.ts";
import { usedOf } from "../src/usage/alerts.rules.ts";
import { sumCost } from "../src/usage/usage.store.ts";
import { CREDIT_METER, type MeteredSubject, concurrencyOf, limitOf, nameOfSubject, subjectOf } from "./cell-limits.ts";
import type { CellMemory } from "./cell-memory.ts";

/** Every limit of a tenant as it is now; of a caller or a model, those of which anything was ever used. */
export function currentUsage(sql: SqlStorage, memory: CellMemory, nowMs: number): CurrentUsage {
  const { quotas, rates } = readMeters(memory, nowMs);
  const concurrency = readConcurrency(memory);
  return {
    nowMs,
    quotas: closestFirst(quotas, ({ percent }) => percent),
    rates: closestFirst(rates, ({ rate, remaining }) => 1 - remaining / rate.burst),
    concurrency: closestFirst(concurrency, ({ concurrency: { limit }, inFlight }) => inFlight / limit),
    spend: readSpend(sql, memory, nowMs),
    credit: readCredit(memory),
    isTruncated: Math.max(quotas.length, rates.length, concurrency.length) > MAX_READINGS,
  };
}

function readMeters(memory: CellMemory, nowMs: number) {
  const quotas: QuotaReading[] = [];
  const rates: RateReading[] = [];
  const isThere = livingSubjects(memory, nowMs);
  const { periodAnchorMs } = memory.tenant;
  for (const id of meterIds(memory)) {
    const metered = limitOf(memory, id);
    if (!metered || !isThere(metered.subject)) continue;
    const { subject } = metered;
    const whose = whoseOf(memory, subject);
    if (metered.kind === "quota") {
      const counted = quotaNow(metered.limit, subject.id, memory, nowMs, periodAnchorMs);
      quotas.push(readQuota(metered.limit, whose, counted, nowMs));
    } else rates.push(readRate(metered.limit, whose, bucketNow(metered.limit, subject.id, memory, nowMs).microTokens));
  }
  return { quotas, rates };
}

/** Of the tenant's own limits, whether anything was used or not; of others, those that have a meter. */
function meterIds(memory: CellMemory): Set<string> {
  const { quotas, rates } = memory.limitsOf({ limits: null });
  const ids = [
    ...quotas.filter(({ per }) => per === "tenant").map((quota) => quotaMeterId(quota, "tenant")),
    ...rates.filter(({ per }) => per === "tenant").map((rate) => rateMeterId(rate, "tenant")),
  ];
  return new Set([...ids, ...memory.meters.keys()]);
}

/** Meters outlive keys that have ended and deleted models. */
function livingSubjects(
  { keysByHash, deploymentsByName }: CellMemory,
  nowMs: number,
): (subject: MeteredSubject) => boolean {
  const ended = new Set<string>();
  for (const { keyId, revokedAtMs, expiresAtMs } of keysByHash.values()) {
    if (revokedAtMs !== null || nowMs >= (expiresAtMs ?? Infinity)) ended.add(keyId);
  }
  const modelIds = new Set<string>();
  for (const { modelId } of deploymentsByName.values()) modelIds.add(modelId);
  return ({ per, id }) => (per === "model" ? modelIds.has(id) : !ended.has(id));
}

/** Of the tenant's own limits, whether anything runs or not; of others, those for whom anything does. */
function readConcurrency(memory: CellMemory): ConcurrencyReading[] {
  const ids = new Set(["tenant"]);
  for (const { charged } of memory.open.all) ids.add(charged.keyId).add(charged.modelId);
  return Array.from(ids, subjectOf).flatMap((subject) =>
    concurrencyOf(memory, subject).map((concurrency) => {
      return { ...whoseOf(memory, subject), concurrency, inFlight: memory.inFlight(subject.id) };
    }),
  );
}

/** From the usage itself: a cap's meter knows only what was spent since there is a cap. */
function readSpend(sql: SqlStorage, { tenant }: CellMemory, nowMs: number): SpendReading {
  const period = windowAt("period", nowMs, tenant.periodAnchorMs);
  const microUsd = sumCost(sql, period.startMs);
  return { ...period, microUsd, forecast: forecastOf(microUsd, period, nowMs) };
}

function readCredit(memory: CellMemory): CreditReading | undefined {
  const { tenant, creditMicroUsd: granted } = memory;
  if (!tenant.isPrepaid && granted === 0) return undefined;
  const meter = memory.meterOf(CREDIT_METER);
  const spent = meter ? usedOf("micro_usd", meter) : 0;
  const held = meter ? meter.amount - spent : 0;
  return { granted, spent, held, left: Math.max(0, granted - spent - held) };
}

function whoseOf(memory: CellMemory, subject: MeteredSubject): Whose {
  return { per: subject.per, subject: nameOfSubject(memory, subject) };
}
