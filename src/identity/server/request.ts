import type { GenericEndpointContext } from "better-auth";
import type { Actor, Doer } from "../../events/audit.rules.ts";
import { isId } from "../../shared/ids.ts";

/** A text field of a request's body, which is whatever the caller sent; undefined where there is none. */
export function textOf(body: unknown, field: string): string | undefined {
  if (typeof body !== "object" || body === null || !(field in body)) return undefined;
  const value: unknown = Reflect.get(body, field);
  return typeof value === "string" ? value : undefined;
}

/** The caller's address, as Cloudflare saw it; empty where nothing says it. */
export function addressOf(headers: Headers | undefined): string {
  return headers?.get("cf-connecting-ip") ?? "";
}

/** The header in which the Worker hands the request's id on to the authorization server. */
const REQUEST_ID_HEADER = "x-request-id";

/** Who calls the authorization server, and from where, as the audit keeps it. */
export function doerFromHeaders(headers: Headers | undefined, userId?: string): Doer {
  const actor: Actor = userId !== undefined && isId("usr", userId) ? { kind: "user", id: userId } : { kind: "unknown" };
  const origin = {
    ipAddress: addressOf(headers),
    userAgent: headers?.get("user-agent") ?? "",
    requestId: headers?.get(REQUEST_ID_HEADER) ?? "",
  };
  return { actor, origin };
}

/** What an endpoint answered, as far as hooks may know it. */
export interface Outcome {
  /** The code of a refusal; undefined where the endpoint did what was asked. */
  readonly code: string | undefined;
  readonly isRefused: boolean;
}

/** What became of the call that an after-hook follows. */
export function outcomeOf({ context }: GenericEndpointContext): Outcome {
  const returned: unknown = Reflect.get(context, "returned");
  if (!(returned instanceof Error)) return { code: undefined, isRefused: false };
  return { code: textOf(Reflect.get(returned, "body"), "code"), isRefused: true };
}
