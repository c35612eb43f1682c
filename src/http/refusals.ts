import type { Context } from "hono";
import type { EngineRefusal } from "../../engine/refusal.ts";
import type { RunFailure } from "../inference/run-outcome.ts";
import { toTimestamp } from "../shared/clock.ts";
import { logFault } from "../shared/log.ts";
import type { Refusal } from "../admission/admission.rules.ts";
import type { CredentialRefusal } from "../admission/credentials.rules.ts";
import type { Unresolved } from "../admission/deployments.rules.ts";
import type { LimitState } from "../admission/limit-states.rules.ts";
import type { Grant } from "../identity/permissions.rules.ts";
import type { AppEnv } from "./context.ts";
import { requestOriginOf } from "./doer.ts";
import { problem } from "./problem.ts";
import { rateLimitHeaders, resetSeconds } from "./rate-limit-headers.ts";

const INVALID_TOKEN = { "WWW-Authenticate": 'Bearer realm="tensorgate", error="invalid_token"' };

/** The one place where a refusal of the cell becomes a status, headers and a problem. */
export function refuse(c: Context<AppEnv>, refusal: Refusal) {
  switch (refusal.kind) {
    case "unknown-key":
    case "revoked-key":
    case "key-expired":
    case "orphaned-key":
    case "expired-token":
    case "credential-void":
      return refuseCredential(c, refusal);
    case "tenant-suspended":
      return problem(c, "tenant-suspended", "The tenant is suspended; only reads are allowed.");
    case "insufficient-scope":
      return refuseScope(c, refusal.anyScope, refusal.held);
    case "model-not-found":
    case "model-unloaded":
    case "version-not-found":
    case "version-retired":
      return refuseModel(c, refusal);
    case "quota-exceeded":
      return refuseQuota(c, refusal.violated);
    case "credits-exhausted":
      return problem(c, "credits-exhausted", "The prepaid credit is used up; add credit to go on.", {
        members: { "violated-policies": [refusal.limit.policy] },
      });
    case "address-not-allowed":
      return problem(
        c,
        "address-not-allowed",
        `The address ${refusal.address || "of the caller"} is not on the allow-list.`,
        {
          members: { address: refusal.address },
        },
      );
    case "origin-not-allowed":
      return problem(c, "origin-not-allowed", `Pages of ${refusal.origin} may not call; PUT /v1/cors lets them.`, {
        members: { origin: refusal.origin },
      });
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

function refuseCredential(c: Context<AppEnv>, refusal: CredentialRefusal) {
  switch (refusal.kind) {
    case "unknown-key":
      return problem(c, "invalid-key", "The API key is not known.", { headers: INVALID_TOKEN });
    case "revoked-key":
      return problem(c, "revoked-key", "The API key was revoked; use another one.", { headers: INVALID_TOKEN });
    case "key-expired": {
      const detail = `The API key expired at ${toTimestamp(refusal.expiredAtMs)}; use another one.`;
      return problem(c, "key-expired", detail, { headers: INVALID_TOKEN });
    }
    case "orphaned-key": {
      const detail = "The person for whom the API key was made has left the tenant or is suspended; use another one.";
      return problem(c, "credential-void", detail, { headers: INVALID_TOKEN });
    }
    case "expired-token":
      return problem(c, "invalid-token", "The access token has expired; get a new one.", { headers: INVALID_TOKEN });
    case "credential-void":
      noteVoidToken(c);
      return problem(c, "credential-void", "All credentials of before a moment were made void; get a new one.", {
        headers: INVALID_TOKEN,
      });
  }
}

function noteVoidToken(c: Context<AppEnv>): void {
  const { tenantId, credential } = c.var.presented;
  if (credential.kind !== "token") return;
  c.var.services.refusedTokens.note({ tenantId, credential }, "void", requestOriginOf(c), c.executionCtx);
}

function refuseModel(c: Context<AppEnv>, refusal: Unresolved) {
  switch (refusal.kind) {
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
  }
}

function refuseScope(c: Context<AppEnv>, anyScope: readonly Grant[], held: readonly Grant[]) {
  const detail = `This needs the scope ${anyScope.join(" or ")}; the key has ${held.join(", ")}.`;
  const challenge = `Bearer realm="tensorgate", error="insufficient_scope", scope="${anyScope.join(" ")}"`;
  return problem(c, "insufficient-scope", detail, {
    members: { required_any_of: anyScope, held },
    headers: { "WWW-Authenticate": challenge },
  });
}

/** It is worth trying again when the last of the violated policies has more, unless one of them never has. */
function refuseQuota(c: Context<AppEnv>, violated: readonly LimitState[]) {
  const last = violated.reduce((later, limit) => (waitOf(limit) > waitOf(later) ? limit : later));
  const reset = resetSeconds(last);
  const seconds = reset === undefined ? undefined : Math.max(1, reset);
  const names = violated.map(({ policy }) => policy);
  const exhausted = names.length === 1 ? "limit" : "limits";
  const are = names.length === 1 ? "is" : "are";
  const hope = seconds === undefined ? "waiting does not help" : `try again in ${seconds} s`;
  const detail = `The ${exhausted} ${names.map((name) => `"${name}"`).join(", ")} ${are} exhausted; ${hope}.`;
  return problem(c, "quota-exceeded", detail, {
    members: { "violated-policies": names },
    headers: { ...rateLimitHeaders(last), ...(seconds !== undefined && { "Retry-After": String(seconds) }) },
  });
}

function waitOf({ resetMs = Infinity }: LimitState): number {
  return resetMs;
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
