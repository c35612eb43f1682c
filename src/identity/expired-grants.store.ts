import { lt } from "drizzle-orm";
import type { Database } from "../shared/database.ts";
import { deviceCodes, oauthRefreshTokens } from "./auth.tables.ts";

/** Remove refresh tokens and device codes that are over: they are refused either way. */
export async function deleteExpiredGrants(db: Database, nowMs: number): Promise<void> {
  const now = new Date(nowMs);
  await db.batch([
    db.delete(oauthRefreshTokens).where(lt(oauthRefreshTokens.expiresAt, now)),
    db.delete(deviceCodes).where(lt(deviceCodes.expiresAt, now)),
  ]);
}
