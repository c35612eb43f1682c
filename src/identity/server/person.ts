import { APIError } from "better-auth/api";
import type { Doer } from "../../events/audit.rules.ts";
import type { LoggedIn } from "../../members/acceptance.service.ts";
import { isId } from "../../shared/ids.ts";
import type { AttemptKind } from "../attempts.rules.ts";
import type { AuthWorld } from "./auth-world.ts";

/** A user as better-auth has it. */
interface AuthUser {
  readonly id: string;
  readonly email: string;
  readonly emailVerified: boolean;
}

/** Who is logged in, as our own services take it. */
export function personOf({ id, email, emailVerified }: AuthUser): LoggedIn {
  if (!isId("usr", id)) throw new Error("A user has an id that is none of ours.");
  return { id, email, isVerified: emailVerified };
}

/** Who does something with a session, and from where, as the audit keeps it. */
export function doerOf(person: LoggedIn, headers: Headers | undefined): Doer {
  const origin = {
    ipAddress: addressOf(headers),
    userAgent: headers?.get("User-Agent") ?? "",
    requestId: "", // better-auth is not told of it
  };
  return { actor: { kind: "user", id: person.id }, origin };
}

/** Count one more attempt of a person's. @throws APIError 429 with Retry-After where it may not be made */
export async function countAttempt(
  { attempts }: Pick<AuthWorld, "attempts">,
  kind: AttemptKind,
  person: LoggedIn,
  headers: Headers | undefined,
): Promise<void> {
  const account = { kind: "user", id: person.id } as const;
  const verdict = await attempts.attempt(kind, { address: addressOf(headers), account });
  if (verdict.kind === "allowed") return;
  const seconds = Math.max(1, Math.ceil(verdict.retryAfterMs / 1000));
  const message = `Too many attempts were made; try again in ${seconds} s.`;
  throw new APIError("TOO_MANY_REQUESTS", { code: "TOO_MANY_ATTEMPTS", message }, { "Retry-After": String(seconds) });
}

function addressOf(headers: Headers | undefined): string {
  return headers?.get("CF-Connecting-IP") ?? "";
}
