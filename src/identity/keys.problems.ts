import type { Context } from "hono";
import type { AppEnv } from "../http/context.ts";
import { problem } from "../http/problem.ts";
import type { Excess } from "./keys.rules.ts";
import type { KeyRefusal } from "./keys.service.ts";

/** There is no such key, or it is somebody else's: nobody learns which. */
export function noKey(c: Context<AppEnv>, keyId: string) {
  return problem(c, "key-not-found", `There is no API key "${keyId}".`);
}

/** Why a key is not changed or rotated. */
export function refuseKey(c: Context<AppEnv>, keyId: string, refusal: KeyRefusal) {
  if (refusal.kind === "key-not-found") return noKey(c, keyId);
  if (refusal.kind === "excess") return refuseExcess(c, refusal.excess);
  const { end } = refusal;
  if (end.kind !== "replaced") return problem(c, "key-ended", `The API key "${keyId}" has ${ENDED[end.kind]}.`);
  const { replacedBy } = end;
  const detail = `The API key "${keyId}" was replaced by "${replacedBy}": change or rotate that one.`;
  return problem(c, "key-ended", detail, { members: { replaced_by: replacedBy } });
}

const ENDED = { revoked: "been revoked", expired: "expired" } as const;

/** Nobody gives a key more than they have. */
export function refuseExcess(c: Context<AppEnv>, excess: Excess) {
  const { scopes: held, models } = c.var.caller;
  if (excess.kind === "scopes") {
    const detail = `scopes: your own credential lacks ${excess.scopes.join(", ")}, so it can't grant it.`;
    return problem(c, "insufficient-scope", detail, { members: { required: excess.scopes, held } });
  }
  const which = excess.models.length === 0 ? "all models" : excess.models.join(", ");
  const detail = `models: your own key is for ${(models ?? []).join(", ")} alone, so it can't grant ${which}.`;
  return problem(c, "model-not-allowed", detail, { members: { models } });
}
