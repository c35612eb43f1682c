import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../http/context.ts";
import { requires, requiresPlatform, requiresPlatformWithKey } from "./guards.ts";
import type { Grant } from "./permissions.rules.ts";

type PlatformGrant = Extract<Grant, `${string}:platform`>;

/** What a route's definition takes over. */
interface Guarded<After extends MiddlewareHandler[]> {
  middleware: [MiddlewareHandler<AppEnv>, ...After];
  security: Record<string, string[]>[];
}

/**
 * Who may call a route, declared beside its schema and but once: `...needs("keys:write", jsonBody)` is the guard, and the same words
 * for the OpenAPI document.
 *
 * @param anyOf  one permission, or several any one of which will do
 * @param after  middleware that follows the guard
 */
export function needs<After extends MiddlewareHandler[]>(
  anyOf: Grant | readonly Grant[],
  ...after: After
): Guarded<After> {
  return { middleware: [requires(...listOf(anyOf)), ...after], security: securityOf(anyOf) };
}

/** {@link needs}, of the platform's own people. */
export function needsPlatform<After extends MiddlewareHandler[]>(
  grant: PlatformGrant,
  ...after: After
): Guarded<After> {
  return { middleware: [requiresPlatform(grant), ...after], security: platformSecurity(grant) };
}

/** {@link needsPlatform} for a route that reads its idempotency key itself. */
export function needsPlatformWithKey<After extends MiddlewareHandler[]>(
  grant: PlatformGrant,
  ...after: After
): Guarded<After> {
  return { middleware: [requiresPlatformWithKey(grant), ...after], security: platformSecurity(grant) };
}

/** The same words for a route that asks the cell itself. @see https://spec.openapis.org/oas/v3.1.1.html#security-requirement-object */
export function securityOf(anyOf: Grant | readonly Grant[]): Record<string, string[]>[] {
  return listOf(anyOf).flatMap((grant) => [{ apiKey: [grant] }, { accessToken: [grant] }]);
}

function platformSecurity(grant: PlatformGrant): Record<string, string[]>[] {
  return [{ operatorToken: [] }, { accessToken: [grant] }];
}

function listOf(anyOf: Grant | readonly Grant[]): readonly Grant[] {
  return typeof anyOf === "string" ? [anyOf] : anyOf;
}
