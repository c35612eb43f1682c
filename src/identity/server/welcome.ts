import { APIError } from "better-auth/api";
import { type PersonStanding, standingOf } from "../../members/standing.service.ts";
import type { Database } from "../../shared/database.ts";
import type { TenantId, UserId } from "../../shared/ids.ts";

const HOUR_MS = 3_600_000;

/** How and when a person logged in. */
export interface LogIn {
  readonly hasSecondFactor: boolean;
  readonly createdAtMs: number;
}

/** Who asks for a token. */
interface Asking {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  /** Undefined where a client asks for them, later: then what they have set up must do. */
  readonly logIn: LogIn | undefined;
  readonly readAtMs: number;
}

/**
 * A member gets a token when nobody suspended them, and they have logged in as their tenant asks them to.
 *
 * @throws APIError access_denied, or insufficient_user_authentication (RFC 9470) with what to do about it
 */
export async function requireWelcome({ tenantId, userId, logIn, readAtMs }: Asking, db: Database): Promise<void> {
  const standing = await standingOf(db, userId);
  if (!standing || standing.isSuspended) {
    throw new APIError("FORBIDDEN", { error: "access_denied", error_description: "The person is suspended." });
  }
  const { requiresSecondFactor = false, maxSessionHours } = standing.policyOf(tenantId);
  if (requiresSecondFactor && !(logIn?.hasSecondFactor ?? standing.hasSecondFactor)) throw tooWeak(standing);
  if (maxSessionHours !== undefined && logIn && logIn.createdAtMs + maxSessionHours * HOUR_MS <= readAtMs) {
    throw stepUp("LOG_IN_AGAIN", `The organisation asks for a log-in every ${maxSessionHours} hours: log in again.`);
  }
}

function tooWeak({ hasSecondFactor }: PersonStanding): APIError {
  return hasSecondFactor
    ? stepUp("SECOND_FACTOR_NEEDED", "The organisation asks for two factors: log in again, with your code or passkey.")
    : stepUp(
        "SECOND_FACTOR_MISSING",
        "The organisation asks for two factors: set up an authenticator app or a passkey.",
      );
}

/** @see RFC 9470 section 3 */
function stepUp(code: string, description: string): APIError {
  const error = "insufficient_user_authentication";
  return new APIError("FORBIDDEN", { error, error_description: description, code, message: description });
}
