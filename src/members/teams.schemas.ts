import { z } from "@hono/zod-openapi";
import { timestamp } from "../http/contract.schemas.ts";
import { toTimestamp } from "../shared/clock.ts";
import { userParam } from "./members.schemas.ts";
import type { TeamRow } from "./teams.tables.ts";

export const teamWishSchema = z
  .strictObject({ name: z.string().trim().min(1).max(100).openapi({ example: "Fraud detection" }) })
  .openapi("TeamWish");

export const teamParam = z.object({ team_id: z.string().openapi({ example: "tea_01jd8x3v5cq0q4m2n8h6y7z9ab" }) });

export const seatParam = teamParam.extend(userParam.shape);

export const teamSchema = z
  .object({
    id: z.string().openapi({ example: "tea_01jd8x3v5cq0q4m2n8h6y7z9ab" }),
    name: z.string(),
    created_at: timestamp,
  })
  .openapi("Team");

/** A team as the API shows it. */
export function presentTeam({ id, name, createdAtMs }: TeamRow) {
  return { id, name, created_at: toTimestamp(createdAtMs) };
}
