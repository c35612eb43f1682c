import { z } from "@hono/zod-openapi";
import { timestamp } from "../http/contract.schemas.ts";
import { toTimestamp } from "../shared/clock.ts";
import { ACTS, type AuditRow } from "./audit.rules.ts";

/** Acts on a page where nothing else is said. */
export const DEFAULT_ACTS = 50;

const moment = z.iso.datetime({ offset: true });
const id = z.string().min(1).max(100);

export const auditQuerySchema = z.object({
  act: z.enum(ACTS).optional().openapi({ example: "key.revoked" }),
  actor_id: id.optional().openapi({ description: "Who did it.", example: "usr_01jd8x3v5cq0q4m2n8h6y7z9ab" }),
  target_id: id.optional().openapi({ description: "What it was done to.", example: "key_01jd8x3v5cq0q4m2n8h6y7z9ab" }),
  from: moment.optional().openapi({ description: "Then or later.", example: "2026-11-01T00:00:00Z" }),
  to: moment.optional().openapi({ description: "Before.", example: "2026-12-01T00:00:00Z" }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .openapi({
      description: `Acts; ${DEFAULT_ACTS} on a page of JSON, all in JSON Lines when left out.`,
      example: DEFAULT_ACTS,
    }),
  after: z.string().optional().openapi({ description: "`next` of the page before." }),
  format: z
    .enum(["json", "ndjson"])
    .optional()
    .openapi({ description: "As the header `Accept` says when left out, and JSON where it doesn't." }),
});

const state = z.unknown().openapi({
  type: ["object", "null"],
  description:
    "What the target was before or is after, as far as it changed. docs/audit.md says what each act has here.",
});

export const auditEventSchema = z
  .object({
    id: z.string().openapi({ example: "evt_01jd8x3v5cq0q4m2n8h6y7z9ab" }),
    at: timestamp,
    act: z.enum(ACTS),
    actor: z.object({
      kind: z.enum(["user", "client", "key", "operator", "unknown", "system"]),
      id: z.string().nullable(),
    }),
    tenant_id: z.string().nullable().openapi({ description: "Null where it concerns a person or the platform alone." }),
    target_id: z.string().nullable(),
    ip_address: z.string().nullable(),
    user_agent: z.string().nullable(),
    request_id: z.string().nullable(),
    before: state,
    after: state,
  })
  .openapi("AuditEvent");

export const auditLinesSchema = z.string().openapi({ description: "One AuditEvent a line, newest first." });

/** An act as the API shows it. */
export function presentEvent(row: AuditRow): z.infer<typeof auditEventSchema> {
  return {
    id: row.id,
    at: toTimestamp(row.atMs),
    act: row.act,
    actor: { kind: row.actorKind, id: row.actorId },
    tenant_id: row.tenantId,
    target_id: row.targetId,
    ip_address: row.ipAddress || null,
    user_agent: row.userAgent || null,
    request_id: row.requestId || null,
    before: row.before,
    after: row.after,
  };
}
