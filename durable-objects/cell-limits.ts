import { CREDIT_POLICY } from "../src/admission/admission.rules.ts";
import { quotaMeterId, rateMeterId } from "../src/admission/meters.rules.ts";
import type { ConcurrencyLimit, Limits, Quota, RateLimit, Subject } from "../src/admission/policies.rules.ts";
import { isId } from "../src/shared/ids.ts";
import type { CellMemory } from "./cell-memory.ts";

/** Whom a limit's use is counted for. */
export interface MeteredSubject {
  readonly per: Subject;
  /** As meters name it: `tenant`, a caller's id, or a model's. */
  readonly id: string;
}

/** What a meter measures. */
export type Metered =
  | { readonly kind: "quota"; readonly limit: Quota; readonly subject: MeteredSubject }
  | { readonly kind: "rate"; readonly limit: RateLimit; readonly subject: MeteredSubject };

/** The meter of prepaid credit. */
export const CREDIT_METER = quotaMeterId({ name: CREDIT_POLICY, unit: "micro_usd" }, "tenant");

/** The limit that a meter belongs to; undefined when it holds no more. */
export function limitOf(memory: CellMemory, meterId: string): Metered | undefined {
  const subject = subjectOf(meterId.slice(meterId.lastIndexOf(" ") + 1));
  const { per, id } = subject;
  const { quotas, rates } = limitsFor(memory, subject);
  const quota = quotas.find((limit) => limit.per === per && quotaMeterId(limit, id) === meterId);
  if (quota) return { kind: "quota", limit: quota, subject };
  const rate = rates.find((limit) => limit.per === per && rateMeterId(limit, id) === meterId);
  return rate && { kind: "rate", limit: rate, subject };
}

/** The limits of how many at a time that hold for a subject. */
export function concurrencyOf(memory: CellMemory, subject: MeteredSubject): ConcurrencyLimit[] {
  return limitsFor(memory, subject).concurrency.filter(({ per }) => per === subject.per);
}

/** A subject by its id. */
export function subjectOf(id: string): MeteredSubject {
  if (id === "tenant") return { per: "tenant", id };
  return { per: isId("mdl", id) ? "model" : "key", id };
}

/** How the API names a subject: a model by its name, if there still is one; the tenant by none. */
export function nameOfSubject({ deploymentsByName }: CellMemory, { per, id }: MeteredSubject): string | null {
  if (per !== "model") return per === "tenant" ? null : id;
  for (const { modelId, name } of deploymentsByName.values()) if (modelId === id) return name;
  return id;
}

function limitsFor(memory: CellMemory, { per, id }: MeteredSubject): Limits {
  return memory.limitsOf({ limits: (per === "key" ? memory.ownLimits.get(id) : undefined) ?? null });
}
