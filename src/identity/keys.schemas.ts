import { z } from "@hono/zod-openapi";
import {
  allowedIpsSchema,
  keyLimitsSchema,
  limitsFromWire,
  limitsSchema,
  presentLimits,
} from "../admission/limits.schemas.ts";
import { timestamp } from "../http/contract.schemas.ts";
import { toTimestamp } from "../shared/clock.ts";
import { KEY_MODES, type KeyWish } from "./keys.rules.ts";
import type { KeyRow } from "./keys.tables.ts";
import { TENANT_GRANTS } from "./permissions.rules.ts";

const scope = z.enum(TENANT_GRANTS);

export const newKeySchema = z
  .strictObject({
    name: z.string().trim().min(1).max(100).openapi({ example: "checkout service" }),
    scopes: z
      .array(scope)
      .min(1)
      .transform((scopes) => [...new Set(scopes)])
      .openapi({ example: ["models:infer"] }),
    mode: z.enum(KEY_MODES).default("live"),
    allowed_ips: allowedIpsSchema.default(null),
    limits: keyLimitsSchema.nullable().default(null).openapi({
      description:
        "Limits of this key, beside the tenant's and in the place of those per key of the same name; null: none of its own.",
    }),
  })
  .openapi("NewApiKey");

export const keySchema = z
  .object({
    id: z.string().openapi({ example: "key_01jd8x3v5cq0q4m2n8h6y7z9ab" }),
    name: z.string(),
    mode: z.enum(KEY_MODES),
    scopes: z.array(scope),
    allowed_ips: z.array(z.string()).nullable(),
    limits: limitsSchema.nullable(),
    last_four: z.string().openapi({ description: "The key's last four characters.", example: "3k9z" }),
    created_at: timestamp,
    revoked_at: timestamp.nullable(),
  })
  .openapi("ApiKey");

export const createdKeySchema = keySchema
  .extend({ key: z.string().openapi({ description: "The key itself. It is shown this once and not stored." }) })
  .openapi("CreatedApiKey");

/** A wish as the service takes it. */
export function keyWishFrom({ allowed_ips: allowedIps, limits, ...wish }: z.infer<typeof newKeySchema>): KeyWish {
  return { ...wish, allowedIps, limits: limits && limitsFromWire(limits) };
}

/** A key as the API shows it. */
export function presentKey(row: Omit<KeyRow, "tenantId">) {
  return {
    id: row.id,
    name: row.name,
    mode: row.mode,
    scopes: row.scopes,
    allowed_ips: row.allowedIps,
    limits: row.limits && presentLimits(row.limits),
    last_four: row.lastFour,
    created_at: toTimestamp(row.createdAtMs),
    revoked_at: row.revokedAtMs === null ? null : toTimestamp(row.revokedAtMs),
  };
}
