import type { DrizzleD1Database } from "drizzle-orm/d1";

/** D1 through Drizzle: the registry of the control plane, never read on the hot path. */
export type Database = DrizzleD1Database;
