/**
 * Every way in which the engine declines a request or a model, as the code that the wire shows.
 *
 * The Worker and the container turn each code into the status and the problem of the same name (docs/errors.md).
 */
export const ENGINE_REFUSALS = [
  "malformed-json",
  "invalid-request",
  "body-too-large",
  "unsupported-media-type",
  "unknown-input",
  "missing-input",
  "duplicate-input",
  "unknown-output",
  "datatype-mismatch",
  "shape-mismatch",
  "invalid-data",
  "inference-failed",
  "answer-too-large",
  "out-of-memory",
  "model-too-large",
  "model-rejected",
] as const;

/** One of {@link ENGINE_REFUSALS}. */
export type EngineRefusalCode = (typeof ENGINE_REFUSALS)[number];

/** Where in the request the fault lies and what was expected there: members of the problem that the caller sees. */
export type Evidence = Readonly<Record<string, string | number | readonly (string | number)[]>>;

/** A refusal as it crosses from the engine to the Worker, in JSON. */
export interface EngineRefusal {
  readonly code: EngineRefusalCode;
  readonly detail: string;
  readonly evidence: Evidence;
}

/**
 * Leaves the codec from any depth with a refusal.
 *
 * Thrown inside engine/ only, where a tensor's elements are read in nested loops; engine/index.ts catches it and answers
 * it as a value.
 */
export class Refusal extends Error implements EngineRefusal {
  readonly code: EngineRefusalCode;
  readonly detail: string;
  readonly evidence: Evidence;

  constructor(code: EngineRefusalCode, detail: string, evidence: Evidence = {}) {
    super(detail);
    this.name = "Refusal";
    this.code = code;
    this.detail = detail;
    this.evidence = evidence;
  }
}

/** The engine's HTTP status for a refusal; the Worker gives the final one. */
export const REFUSAL_STATUS = 422;
