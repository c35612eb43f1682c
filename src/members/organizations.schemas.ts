import { z } from "@hono/zod-openapi";
import { timestamp } from "../http/contract.schemas.ts";
import { toTimestamp } from "../shared/clock.ts";
import { jurisdictionOf } from "../shared/ids.ts";
import type { TenantRow } from "../tenants/tenants.tables.ts";
import { roleName } from "./members.schemas.ts";

/** How an organization may be called. */
export const organizationName = z.string().trim().min(1).max(100).openapi({ example: "Acme" });

export const organizationChangeSchema = z.strictObject({ name: organizationName }).openapi("OrganizationChange");

export const organizationSchema = z
  .object({
    id: z.string().openapi({ example: "ten_01jd8x3v5cq0q4m2n8h6y7z9ab" }),
    name: z.string(),
    status: z.enum(["active", "suspended"]),
    plan: z.string(),
    jurisdiction: z.string().nullable(),
    parent_id: z.string().nullable().openapi({ description: "The organization that sees this one's usage." }),
    created_at: timestamp,
  })
  .openapi("Organization");

/** An organization as its own members see it. */
export function presentOrganization({ id, name, status, plan, parentId, createdAtMs }: TenantRow) {
  const jurisdiction = jurisdictionOf(id) ?? null;
  return { id, name, status, plan, jurisdiction, parent_id: parentId, created_at: toTimestamp(createdAtMs) };
}

export const parentAccessSchema = z
  .strictObject({
    role: roleName.nullable().openapi({
      description: "What the parent's members are here: those who have `organization:read` there. null: nothing.",
      example: "viewer",
    }),
  })
  .openapi("ParentAccess");

export const childSchema = z
  .object({
    id: z.string().openapi({ example: "ten_01jd8x3v5cq0q4m2n8h6y7z9ab" }),
    name: z.string(),
    status: z.enum(["active", "suspended"]),
    created_at: timestamp,
  })
  .openapi("ChildOrganization");

/** A child as its parent sees it. */
export function presentChild({ id, name, status, createdAtMs }: TenantRow) {
  return { id, name, status, created_at: toTimestamp(createdAtMs) };
}
