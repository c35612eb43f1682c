import { z } from "@hono/zod-openapi";
import { MAX_PASSWORD_CHARACTERS, MIN_PASSWORD_CHARACTERS, type SecurityPolicy } from "./security-policy.rules.ts";

const MAX_SESSION_HOURS = 8760;
const MAX_IDLE_MINUTES = 10_080;
/** Room for a passphrase that people can still type. */
const LONGEST_MINIMUM = MAX_PASSWORD_CHARACTERS / 2;

/** What a tenant asks of how its people log in, as the API takes and shows it. */
export const securityPolicySchema = z
  .strictObject({
    min_password_characters: z.number().int().min(MIN_PASSWORD_CHARACTERS).max(LONGEST_MINIMUM).optional().openapi({
      description: "Asked for when a password is chosen; those that people have stay.",
      example: 14,
    }),
    requires_second_factor: z.boolean().optional().openapi({
      description:
        "Whether people get tokens for this organisation only after logging in with two factors, or a passkey.",
    }),
    max_session_hours: z.number().int().min(1).max(MAX_SESSION_HOURS).optional().openapi({
      description: "How long a log-in lasts at most, however much it is used.",
      example: 12,
    }),
    max_idle_minutes: z.number().int().min(5).max(MAX_IDLE_MINUTES).optional().openapi({
      description: "How long a log-in may go unused; a week where nothing is said.",
      example: 60,
    }),
  })
  .openapi("SecurityPolicy");

type SecurityPolicyJson = z.infer<typeof securityPolicySchema>;

/** What is not said is left out: the policy as it is kept. */
export function securityPolicyFrom(json: SecurityPolicyJson): SecurityPolicy {
  return {
    minPasswordCharacters: json.min_password_characters,
    requiresSecondFactor: json.requires_second_factor,
    maxSessionHours: json.max_session_hours,
    maxIdleMinutes: json.max_idle_minutes,
  };
}

export function presentSecurityPolicy(policy: SecurityPolicy): SecurityPolicyJson {
  return {
    min_password_characters: policy.minPasswordCharacters,
    requires_second_factor: policy.requiresSecondFactor,
    max_session_hours: policy.maxSessionHours,
    max_idle_minutes: policy.maxIdleMinutes,
  };
}
