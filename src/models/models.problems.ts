import type { Context } from "hono";
import type { AppEnv } from "../http/context.ts";
import { problem } from "../http/problem.ts";
import type { ReachedQuota } from "./quota.rules.ts";
import type { Served } from "./served.service.ts";
import type { ServingChanged } from "./serving.service.ts";
import type { VersionRefusal, VersionUses } from "./versions.service.ts";

/** The tenant has no model of this name. */
export function noModel(c: Context<AppEnv>, model: string) {
  return problem(c, "model-not-found", `There is no model "${model}".`);
}

/** The caller's key is for other models alone, and makes none besides them. */
export function refuseOtherModel(c: Context<AppEnv>, model: string) {
  const { models } = c.var.caller;
  const detail = `name: the key is for ${(models ?? []).join(", ")} alone, so it can't make a model "${model}".`;
  return problem(c, "model-not-allowed", detail, { members: { models } });
}

/**
 * Why what serves stays as it is.
 *
 * @param field  the part of the request that names a version
 */
export function refuseServing(
  c: Context<AppEnv>,
  model: string,
  field: string,
  refusal: Exclude<ServingChanged, { kind: "changed" }>,
) {
  switch (refusal.kind) {
    case "model-not-found":
      return noModel(c, model);
    case "version-not-found":
      return problem(c, "version-not-found", `${field}: model "${model}" has no version ${refusal.version}.`);
    case "version-retired":
      return problem(c, "version-retired", `${field}: version ${refusal.version} is retired; reinstate it first.`);
    case "nothing-served":
      return problem(c, "alias-not-found", `Model "${model}" has no alias "production"; promote a version first.`);
    case "nothing-to-roll-back":
      return problem(c, "nothing-to-roll-back", whyNoWayBack(model, refusal.gone), {
        members: { ...(refusal.gone && { version: refusal.gone.version }) },
      });
  }
}

function whyNoWayBack(model: string, gone: Extract<ServingChanged, { kind: "nothing-to-roll-back" }>["gone"]): string {
  if (!gone) return `Nothing served before what model "${model}" serves now.`;
  const state = gone.kind === "version-retired" ? "retired; reinstate it first" : "deleted";
  return `What served before takes version ${gone.version}, which is ${state}.`;
}

/** Why a version stays as it is. */
export function refuseVersion(c: Context<AppEnv>, model: string, version: string, refusal: VersionRefusal) {
  switch (refusal.kind) {
    case "model-not-found":
      return noModel(c, model);
    case "version-not-found":
      return problem(c, "version-not-found", `Model "${model}" has no version "${version}".`);
    case "version-in-use": {
      const { aliases, weight } = refusal;
      const members = { aliases, ...(weight !== undefined && { weight }) };
      return problem(c, "version-in-use", `Version ${version} ${howUsed(refusal)}.`, { members });
    }
  }
}

function howUsed({ aliases, weight }: VersionUses): string {
  const uses = [
    ...(aliases.length > 0 ? [`is served as ${aliases.join(", ")}; move or delete the alias first`] : []),
    ...(weight === undefined ? [] : [`gets ${weight} % of the traffic; promote another version or change the weights`]),
  ];
  return uses.join(", and ");
}

/** Why callers get nothing of a model or version, in the terms of the inference protocol. */
export function refuseUnserved(
  c: Context<AppEnv>,
  model: string,
  version: string,
  reason: Exclude<Served["kind"], "served">,
) {
  switch (reason) {
    case "version-not-found":
      return problem(c, reason, `There is no model "${model}" with a version or alias "${version}".`);
    case "version-retired":
      return problem(c, reason, `Version "${version}" of model "${model}" was retired.`);
    case "model-unloaded":
      return problem(c, reason, `Model "${model}" is unloaded; load it with POST /v2/repository/models/${model}/load.`);
  }
}

/** The tenant holds as much as it may. */
export function refuseQuotaReached(c: Context<AppEnv>, { limit, max, used }: ReachedQuota) {
  const detail = `The tenant's limit of ${limit} is ${max}, and ${used} are used; delete some, or ask for a higher limit.`;
  return problem(c, "quota-reached", detail, { members: { limit, max, used } });
}
