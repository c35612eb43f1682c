import { type EngineRefusalCode, type Evidence, REFUSAL_STATUS } from "../engine/refusal.ts";

/** What the container itself declines with, beside the engine's refusals, and the status of each. */
const STATUS = {
  unauthorized: 401,
  "model-not-found": 404,
  "bad-request": 400,
  "not-found": 404,
  "out-of-memory": REFUSAL_STATUS,
  "internal-error": 500,
  "runtime-failed": 502,
  "model-fetch-failed": 502,
  overloaded: 503,
  "run-timed-out": 504,
} as const;

/** One of the container's own codes. */
export type ContainerCode = keyof typeof STATUS;

/** An expected end of a request that is no answer: the engine's refusals and the container's own. */
export interface Problem {
  readonly code: EngineRefusalCode | ContainerCode;
  readonly detail: string;
  readonly evidence: Evidence;
}

/** A problem as one of the ways in which something ends. */
export interface Refused {
  readonly kind: "refused";
  readonly problem: Problem;
}

/** Seconds after which an overloaded server is worth another try. */
const RETRY_AFTER_SECONDS = "1";

/** A refusal with the facts that belong to it. */
export function refused(code: Problem["code"], detail: string, evidence: Evidence = {}): Refused {
  return { kind: "refused", problem: { code, detail, evidence } };
}

/** The answer to a refused request, in JSON; `error` says the same for clients of Triton, which read nothing else. */
export function refusal({ problem: { code, detail, evidence } }: Refused): Response {
  const headers = code === "overloaded" ? { "Retry-After": RETRY_AFTER_SECONDS } : {};
  return Response.json({ code, detail, evidence, error: detail }, { status: statusOf(code), headers });
}

function statusOf(code: Problem["code"]): number {
  return isContainerCode(code) ? STATUS[code] : REFUSAL_STATUS;
}

function isContainerCode(code: string): code is ContainerCode {
  return Object.hasOwn(STATUS, code);
}
