import { z } from "@hono/zod-openapi";
import {
  allowedIpsSchema,
  keyLimitsSchema,
  limitsFromWire,
  limitsSchema,
  presentLimits,
} from "../admission/limits.schemas.ts";
import { timestamp } from "../http/contract.schemas.ts";
import { MODEL_NAME } from "../models/models.rules.ts";
import { systemClock, toTimestamp } from "../shared/clock.ts";
import { KEY_MODES, type KeyChange, type KeyWish, isExpiry } from "./keys.rules.ts";
import type { KeyRow } from "./keys.tables.ts";
import { TENANT_GRANTS } from "./permissions.rules.ts";

const scope = z.enum(TENANT_GRANTS);
const keyName = z.string().trim().min(1).max(100).openapi({ example: "checkout service" });
const scopeList = z
  .array(scope)
  .min(1)
  .transform((scopes) => [...new Set(scopes)])
  .openapi({ example: ["models:infer"] });
const ownLimits = keyLimitsSchema.nullable().openapi({
  description:
    "Limits of this key, beside the tenant's and in the place of those per key of the same name; null: none of its own.",
});
/** D1 takes 100 parameters a query at most, and lists of models are filtered by these. */
const MAX_MODELS = 50;
const modelList = z
  .array(
    z.string().regex(MODEL_NAME, "must be a model's name: lower-case letters, digits, dots, dashes and underscores"),
  )
  .min(1)
  .max(MAX_MODELS)
  .transform((names) => [...new Set(names)])
  .nullable()
  .openapi({
    description: "Names of the models that there are for the key, whether they exist yet or not; null: all.",
    example: ["iris"],
  });
const expiry = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .refine((ms) => isExpiry(ms, systemClock()), "must be in the future, and no more than 10 years away")
  .nullable()
  .openapi({ description: "From when on the key is refused; null: never.", example: "2027-11-20T09:30:00.000Z" });

export const newKeySchema = z
  .strictObject({
    name: keyName,
    scopes: scopeList,
    mode: z.enum(KEY_MODES).default("live"),
    allowed_ips: allowedIpsSchema.default(null),
    limits: ownLimits.default(null),
    models: modelList.default(null),
    expires_at: expiry.default(null),
  })
  .openapi("NewApiKey");

export const keyChangeSchema = z
  .strictObject({
    name: keyName.optional(),
    scopes: scopeList.optional(),
    allowed_ips: allowedIpsSchema.optional(),
    limits: ownLimits.optional(),
    models: modelList.optional(),
    expires_at: expiry.optional(),
  })
  .openapi("ApiKeyChange");

export const rotationSchema = z
  .strictObject({
    grace_period_seconds: z.number().int().min(0).max(604_800).default(86_400).openapi({
      description: "How long the old key works beside the new one; 0: it is revoked at once. A week at most.",
    }),
  })
  .openapi("KeyRotation");

const keyId = z.string().openapi({ example: "key_01jd8x3v5cq0q4m2n8h6y7z9ab" });
export const keyParams = z.object({ key_id: keyId });

export const keySchema = z
  .object({
    id: keyId,
    name: z.string(),
    mode: z.enum(KEY_MODES),
    scopes: z.array(scope).openapi({
      description:
        "What it was given. What its person's roles do not allow at the time of a call, it does not allow either.",
    }),
    allowed_ips: z.array(z.string()).nullable(),
    limits: limitsSchema.nullable(),
    models: z.array(z.string()).nullable(),
    last_four: z.string().openapi({ description: "The key's last four characters.", example: "3k9z" }),
    created_at: timestamp,
    created_by: z.string().nullable().openapi({
      description:
        "Who made it: a person (`usr_…`), a key (`key_…`), a client (`cli_…`) or `operator`; null where that was not recorded.",
      example: "usr_01jd8x3v5cq0q4m2n8h6y7z9ab",
    }),
    user_id: z.string().nullable().openapi({
      description: "The person for whom it speaks, and whose roles bound it; null where it speaks for the tenant.",
    }),
    last_used_at: timestamp.nullable().openapi({
      description: "When a call with it was let through last; up to an hour too early. null: never.",
    }),
    expires_at: timestamp.nullable(),
    revoked_at: timestamp.nullable(),
    replaces: keyId.nullable().openapi({ description: "The key in whose place it came." }),
    replaced_by: keyId.nullable().openapi({ description: "The key that came in its place." }),
  })
  .openapi("ApiKey");

export const createdKeySchema = keySchema
  .extend({ key: z.string().openapi({ description: "The key itself. It is shown this once and not stored." }) })
  .openapi("CreatedApiKey");

/** A wish as the service takes it. */
export function keyWishFrom(wire: z.infer<typeof newKeySchema>): KeyWish {
  const { allowed_ips: allowedIps, expires_at: expiresAtMs, limits, ...wish } = wire;
  return { ...wish, allowedIps, expiresAtMs, limits: limits && limitsFromWire(limits) };
}

/** A change as the service takes it: what is left out stays. */
export function keyChangeFrom(wire: z.infer<typeof keyChangeSchema>): KeyChange {
  const { name, scopes, allowed_ips: allowedIps, limits, models, expires_at: expiresAtMs } = wire;
  return {
    ...(name !== undefined && { name }),
    ...(scopes && { scopes }),
    ...(allowedIps !== undefined && { allowedIps }),
    ...(limits !== undefined && { limits: limits && limitsFromWire(limits) }),
    ...(models !== undefined && { models }),
    ...(expiresAtMs !== undefined && { expiresAtMs }),
  };
}

/** A key as the API shows it. @param lastUsedMs  undefined for one that never was */
export function presentKey(row: Omit<KeyRow, "tenantId">, lastUsedMs?: number) {
  return {
    id: row.id,
    name: row.name,
    mode: row.mode,
    scopes: row.scopes,
    allowed_ips: row.allowedIps,
    limits: row.limits && presentLimits(row.limits),
    models: row.models,
    last_four: row.lastFour,
    created_at: toTimestamp(row.createdAtMs),
    created_by: row.createdBy,
    user_id: row.userId,
    last_used_at: timestampOrNull(lastUsedMs ?? null),
    expires_at: timestampOrNull(row.expiresAtMs),
    revoked_at: timestampOrNull(row.revokedAtMs),
    replaces: row.replaces,
    replaced_by: row.replacedBy,
  };
}

function timestampOrNull(ms: number | null): string | null {
  return ms === null ? null : toTimestamp(ms);
}
