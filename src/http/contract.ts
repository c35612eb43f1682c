import { z } from "@hono/zod-openapi";
import { problemSchema } from "./contract.schemas.ts";

const problemContent = { "application/problem+json": { schema: problemSchema } };

/** What every route may answer besides its successes. */
export const problems = {
  "4XX": { description: "The request is at fault; `code` and `detail` say how.", content: problemContent },
  "5XX": { description: "The service is at fault; the request may be repeated.", content: problemContent },
} as const;

/** A successful answer in JSON. */
export function json<S extends z.ZodType>(schema: S, description: string) {
  return { description, content: { "application/json": { schema } } };
}

/** A request body in JSON. */
export function jsonRequest<S extends z.ZodType>(schema: S) {
  return { required: true, content: { "application/json": { schema } } };
}

/** A list's answer: its items, and what to pass as `after` for the next page, or null at the end. */
export function pageOf<S extends z.ZodType>(item: S) {
  return z.object({ data: z.array(item), next: z.string().nullable() });
}

/** Cut a page from one row more than it may hold: the row beyond tells that there is a next page. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (row: Row) => string,
  toItem: (row: Row) => Item,
): { data: Item[]; next: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { data: shown.map(toItem), next: rows.length > limit && last !== undefined ? cursorOf(last) : null };
}
