/**
 * Every way in which the API declines, as status and title. docs/errors.md has a section for each.
 *
 * @see RFC 9457 (problem details), RFC 9110 section 15 (status codes)
 */
export const PROBLEMS = {
  "malformed-json": { status: 400, title: "The body is not valid JSON" },
  "invalid-request": { status: 400, title: "The request is not valid" },
  "digest-mismatch": { status: 400, title: "The bytes are not those of the Content-Digest" },
  "unknown-input": { status: 400, title: "The model has no such input" },
  "missing-input": { status: 400, title: "An input of the model is missing" },
  "duplicate-input": { status: 400, title: "An input is given twice" },
  "unknown-output": { status: 400, title: "The model has no such output" },
  "datatype-mismatch": { status: 400, title: "A tensor has the wrong datatype" },
  "shape-mismatch": { status: 400, title: "A tensor has the wrong shape" },
  "invalid-data": { status: 400, title: "A tensor holds an element that its datatype can't" },
  "missing-credentials": { status: 401, title: "Credentials are needed" },
  "invalid-key": { status: 401, title: "The API key is not valid" },
  "revoked-key": { status: 401, title: "The API key was revoked" },
  "credential-void": { status: 401, title: "The credential is no longer valid" },
  "credits-exhausted": { status: 402, title: "The prepaid credit is used up" },
  "address-not-allowed": { status: 403, title: "The address may not call" },
  "insufficient-scope": { status: 403, title: "The API key lacks a scope" },
  "link-invalid": { status: 403, title: "The link is not valid" },
  "tenant-suspended": { status: 403, title: "The tenant is suspended" },
  "quota-reached": { status: 403, title: "The tenant holds as much as it may" },
  "route-not-found": { status: 404, title: "There is no such route" },
  "tenant-not-found": { status: 404, title: "There is no such tenant" },
  "key-not-found": { status: 404, title: "There is no such API key" },
  "model-not-found": { status: 404, title: "There is no such model" },
  "model-unloaded": { status: 404, title: "The model is unloaded" },
  "version-not-found": { status: 404, title: "The model has no such version" },
  "file-not-found": { status: 404, title: "There is no such file" },
  "alias-not-found": { status: 404, title: "The model has no such alias" },
  "entry-not-found": { status: 404, title: "The ledger has no such entry" },
  "method-not-allowed": { status: 405, title: "The route does not take this method" },
  "model-exists": { status: 409, title: "A model of this name exists" },
  "version-in-use": { status: 409, title: "The version is in use" },
  "nothing-to-roll-back": { status: 409, title: "There is nothing to go back to" },
  "idempotency-in-flight": { status: 409, title: "The request with this idempotency key is still running" },
  "version-retired": { status: 410, title: "The version was taken out of service" },
  "length-required": { status: 411, title: "A Content-Length is needed" },
  "body-too-large": { status: 413, title: "The body is too large" },
  "unsupported-media-type": { status: 415, title: "The body's media type is not supported" },
  "idempotency-mismatch": { status: 422, title: "The idempotency key was used for another request" },
  "model-rejected": { status: 422, title: "The model can't be served" },
  "model-too-large": { status: 422, title: "The model does not fit into an isolate" },
  "answer-too-large": { status: 422, title: "The answer is too large" },
  "runtime-unsuitable": { status: 422, title: "The model can't run in the runtime that was asked for" },
  "out-of-memory": { status: 422, title: "The run needs more memory than it may have" },
  "inference-failed": { status: 422, title: "The model failed on these inputs" },
  "upgrade-required": { status: 426, title: "The route is a stream" },
  "too-many-attempts": { status: 429, title: "Too many attempts were made" },
  "attempts-locked": { status: 429, title: "Too many attempts have failed" },
  "quota-exceeded": { status: 429, title: "A limit is exhausted" },
  "headers-too-large": { status: 431, title: "The headers are too large" },
  "internal-error": { status: 500, title: "Something failed on our side" },
  "jurisdiction-unavailable": { status: 501, title: "The jurisdiction is not to be had here" },
  "runtime-failed": { status: 502, title: "What runs the model failed" },
  "backend-unavailable": { status: 503, title: "What runs the model can't be reached" },
  "run-timed-out": { status: 504, title: "The run took longer than it may" },
  overloaded: { status: 503, title: "The service can't keep up" },
} as const;

/** The name of one problem: the last part of its type URI, and its section in docs/errors.md. */
export type ProblemCode = keyof typeof PROBLEMS;

/** The HTTP status of a problem. */
export type StatusOf<C extends ProblemCode> = (typeof PROBLEMS)[C]["status"];
