import type { Context } from "hono";
import type { EngineRefusal } from "../../engine/refusal.ts";
import type { RunFailure } from "../inference/run-outcome.ts";
import { logFault } from "../shared/log.ts";
import type { Refusal } from "../admission/admission.rules.ts";
import type { LimitState } from "../admission/token-bucket.rules.ts";
import type { Scope } from "../identity/keys.rules.ts";
import type { AppEnv } from "./context.ts";
import { problem } from "./problem.ts";
import { rateLimitHeaders, resetSeconds } from "./rate-limit-headers.ts";

const INVALID_TOKEN = { "WWW-Authenticate": 'Bearer realm="tensorgate", error="invalid_token"' };

/** The one place where a refusal of the cell becomes a status, headers and a problem. */
export function refuse(c: Context<AppEnv>, refusal: Refusal) {
  switch (refusal.kind) {
    case "unknown-key":
      return problem(c, "invalid-key", "The API key is not known.", { headers: INVALID_TOKEN });
    case "revoked-key":
      return problem(c, "revoked-key", "The API key was revoked; use another one.", { headers: INVALID_TOKEN });
    case "tenant-suspended":
      return problem(c, "tenant-suspended", "The tenant is suspended; only reads are allowed.");
    case "insufficient-scope":
      return refuseScope(c, refusal.anyScope, refusal.held);
    case "model-not-found":
      return problem(c, "model-not-found", `There is no model "${refusal.model}".`, {
        members: { model: refusal.model },
      });
    case "model-unloaded": {
      const { model } = refusal;
      const detail = `Model "${model}" is unloaded; load it with POST /v2/repository/models/${model}/load.`;
      return problem(c, "model-unloaded", detail, { members: { model } });
    }
    case "version-not-found": {
      const { model, version } = refusal;
      const detail = `Model "${model}" has no version or alias "${version}".`;
      return problem(c, "version-not-found", detail, { members: { model, version } });
    }
    case "version-retired": {
      const { model, version } = refusal;
      const detail = `Version "${version}" of model "${model}" was retired.`;
      return problem(c, "version-retired", detail, { members: { model, version } });
    }
    case "quota-exceeded":
      return refuseQuota(c, refusal.limit);
    case "idempotency-in-flight":
      return problem(c, "idempotency-in-flight", "The first request with this Idempotency-Key has not ended yet.", {
        headers: { "Retry-After": "1" },
      });
    case "idempotency-mismatch":
      return problem(
        c,
        "idempotency-mismatch",
        "This Idempotency-Key belongs to a request with another route or body.",
      );
  }
}

function refuseScope(c: Context<AppEnv>, anyScope: readonly Scope[], held: readonly Scope[]) {
  const detail = `This needs the scope ${anyScope.join(" or ")}; the key has ${held.join(", ")}.`;
  const challenge = `Bearer realm="tensorgate", error="insufficient_scope", scope="${anyScope.join(" ")}"`;
  return problem(c, "insufficient-scope", detail, {
    members: { required_any_of: anyScope, held },
    headers: { "WWW-Authenticate": challenge },
  });
}

function refuseQuota(c: Context<AppEnv>, limit: LimitState) {
  const seconds = Math.max(1, resetSeconds(limit));
  return problem(c, "quota-exceeded", `The limit "${limit.policy}" is exhausted; try again in ${seconds} s.`, {
    members: { "violated-policies": [limit.policy] },
    headers: { ...rateLimitHeaders(limit), "Retry-After": String(seconds) },
  });
}

/** A refusal of the engine has the code of its problem already. */
export function refuseByEngine(c: Context<AppEnv>, refusal: EngineRefusal) {
  return problem(c, refusal.code, refusal.detail, { members: refusal.evidence });
}

/** A run that failed on our side: what the caller may know is said, the cause goes to the log. */
export function failRun(c: Context<AppEnv>, { code, detail, cause, retryAfterSeconds }: RunFailure) {
  const { message, stack } = cause instanceof Error ? cause : new Error(typeof cause === "string" ? cause : detail);
  logFault("A run failed.", { code, cause: message, stack, requestId: c.var.requestId });
  const headers = retryAfterSeconds === undefined ? {} : { "Retry-After": String(retryAfterSeconds) };
  return problem(c, code, detail, { headers });
}
