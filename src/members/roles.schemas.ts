import { z } from "@hono/zod-openapi";
import { timestamp } from "../http/contract.schemas.ts";
import { TENANT_GRANTS } from "../identity/permissions.rules.ts";
import { ROLE_GRANTS, isBuiltInRole } from "../identity/roles.rules.ts";
import { toTimestamp } from "../shared/clock.ts";
import { roleName } from "./members.schemas.ts";
import type { RoleRow } from "./members.tables.ts";

const description = z.string().trim().max(500);
const grants = z
  .array(z.enum(TENANT_GRANTS))
  .min(1)
  .transform((given) => [...new Set(given)])
  .openapi({ description: "What it allows.", example: ["models:read", "models:infer"] });

export const newRoleSchema = z
  .strictObject({
    name: roleName
      .refine((name) => !isBuiltInRole(name), "is the name of a built-in role")
      .openapi({ example: "data-scientist" }),
    description: description.default(""),
    grants,
  })
  .openapi("NewRole");

export const roleChangeSchema = z
  .strictObject({ description: description.optional(), grants: grants.optional() })
  .refine((change) => Object.keys(change).length > 0, "Give at least one of description, grants.")
  .openapi("RoleChange");

export const roleParam = z.object({ role: z.string().openapi({ example: "data-scientist" }) });

export const roleSchema = z
  .object({
    name: z.string().openapi({ example: "data-scientist" }),
    description: z.string(),
    grants: z.array(z.string()),
    built_in: z.boolean(),
    created_at: timestamp.nullable().openapi({ description: "Null for a built-in role." }),
  })
  .openapi("Role");

/** A role of the tenant's own as the API shows it. */
export function presentRole({ name, description: text, grants: allowed, createdAtMs }: RoleRow) {
  return { name, description: text, grants: [...allowed], built_in: false, created_at: toTimestamp(createdAtMs) };
}

/** A built-in role as the API shows it. */
export function presentBuiltIn(name: string): z.infer<typeof roleSchema> {
  const allowed = isBuiltInRole(name) ? ROLE_GRANTS[name] : [];
  return { name, description: "", grants: [...allowed], built_in: true, created_at: null };
}
