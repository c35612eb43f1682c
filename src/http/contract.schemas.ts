import { z } from "@hono/zod-openapi";

/** A problem as the OpenAPI document states it. Members of its own kind may follow. */
export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    request_id: z.string(),
    error: z.string().optional(),
  })
  .openapi("Problem", {
    description: "RFC 9457 problem details. docs/errors.md explains every `code`.",
    example: {
      type: "/errors/model-not-found",
      title: "There is no such model",
      status: 404,
      detail: 'There is no model "iris".',
      code: "model-not-found",
      request_id: "req_01jd8x3v5cq0q4m2n8h6y7z9ab",
    },
  });

/** A moment: RFC 3339, UTC. */
export const timestamp = z.iso.datetime().openapi({ example: "2026-11-20T09:30:00.000Z" });

/** One page of a list: at most `limit` items after the one named by `after`. */
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(50).openapi({ description: "Items on a page.", example: 50 }),
  after: z.string().optional().openapi({ description: "`next` of the page before." }),
});
