import { z } from "@hono/zod-openapi";
import { isEmailAddress } from "../email/address.rules.ts";
import { timestamp } from "../http/contract.schemas.ts";
import { toTimestamp } from "../shared/clock.ts";
import { normalEmail } from "./invitations.rules.ts";
import type { InvitationRow } from "./invitations.tables.ts";
import { rolesSchema } from "./members.schemas.ts";

export const newInvitationSchema = z
  .strictObject({
    email: z
      .string()
      .transform(normalEmail)
      .refine(isEmailAddress, "must be one e-mail address")
      .openapi({ example: "ada@example.com" }),
    roles: rolesSchema,
  })
  .openapi("NewInvitation");

export const invitationParam = z.object({
  invitation_id: z.string().openapi({ example: "inv_01jd8x3v5cq0q4m2n8h6y7z9ab" }),
});

export const invitationSchema = z
  .object({
    id: z.string().openapi({ example: "inv_01jd8x3v5cq0q4m2n8h6y7z9ab" }),
    email: z.string(),
    roles: z.array(z.string()),
    invited_by: z.string().openapi({ description: "Whose rights the invitation rests on: a person or an API key." }),
    created_at: timestamp,
    expires_at: timestamp,
  })
  .openapi("Invitation");

/** An invitation as the API shows it: the token is in the mail alone. */
export function presentInvitation({ id, email, roles, invitedBy, createdAtMs, expiresAtMs }: InvitationRow) {
  const times = { created_at: toTimestamp(createdAtMs), expires_at: toTimestamp(expiresAtMs) };
  return { id, email, roles, invited_by: invitedBy, ...times };
}
