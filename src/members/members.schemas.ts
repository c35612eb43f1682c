import { z } from "@hono/zod-openapi";
import { timestamp } from "../http/contract.schemas.ts";
import { toTimestamp } from "../shared/clock.ts";
import type { MemberRow } from "./members.tables.ts";

/** How a tenant's own role is called. */
export const roleName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,49}$/, "must be 1 to 50 of a-z, 0-9, _ and -, beginning with a letter");

export const rolesSchema = z
  .array(roleName)
  .min(1)
  .max(20)
  .transform((names) => [...new Set(names)])
  .openapi({ description: "Names of built-in roles and of the organization's own.", example: ["developer"] });

export const userParam = z.object({ user_id: z.string().openapi({ example: "usr_01jd8x3v5cq0q4m2n8h6y7z9ab" }) });

export const memberChangeSchema = z.strictObject({ roles: rolesSchema }).openapi("MemberChange");

export const memberSchema = z
  .object({
    user_id: z.string().openapi({ example: "usr_01jd8x3v5cq0q4m2n8h6y7z9ab" }),
    name: z.string(),
    email: z.string(),
    roles: z.array(z.string()),
    created_at: timestamp,
  })
  .openapi("Member");

/** A member as the API shows it. */
export function presentMember(row: MemberRow & { readonly name: string; readonly email: string }) {
  const { userId, name, email, roles, createdAtMs } = row;
  return { user_id: userId, name, email, roles, created_at: toTimestamp(createdAtMs) };
}
