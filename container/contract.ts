/** Headers with which the Worker tells the container what a model is, beside ENGINE_HEADERS of engine/contract.ts. */
export const CONTAINER_HEADERS = {
  /** On a request: base64url of the JSON that {@link "./model-source.ts"} reads. */
  modelSource: "tensorgate-model-source",
  /** On a request: how long a run may take, in milliseconds. */
  runLimitMs: "tensorgate-run-limit-ms",
} as const;

/** A run's limit where a request names none. */
export const DEFAULT_RUN_LIMIT_MS = 10_000;

/** The longest limit that a request may ask for. */
export const MAX_RUN_LIMIT_MS = 300_000;
