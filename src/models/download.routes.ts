import { createRoute, z } from "@hono/zod-openapi";
import { createRouter } from "../http/router.ts";
import { problems } from "../http/contract.ts";
import { problem } from "../http/problem.ts";
import { derivedKey } from "../shared/derived-keys.ts";
import { readFileLink } from "./file-links.ts";

const fileRoute = createRoute({
  method: "get",
  path: "/files/{link}",
  operationId: "readFile",
  summary: "Fetch a model's file by a signed link",
  description: "For the container backend. The link is its own leave: it names one file, and holds for two minutes.",
  tags: ["Service"],
  security: [],
  request: { params: z.object({ link: z.string().openapi({ example: "dGVuYW50cy90ZW5f….1790000000000.7pX1…" }) }) },
  responses: {
    200: {
      description: "The file.",
      content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } },
    },
    ...problems,
  },
});

/** Files for those who were given a link. */
export const downloadRoutes = createRouter().openapi(fileRoute, async (c) => {
  const { config, now, files } = c.var.services;
  const objectKey = readFileLink(derivedKey(config.masterKey, "file links"), c.req.valid("param").link, now());
  if (objectKey === undefined) return problem(c, "link-invalid", "The link was not made here, or its time is over.");
  const object = await files.get(objectKey);
  if (!object) return problem(c, "file-not-found", "The file that the link leads to is gone.");
  return new Response(object.body, {
    headers: {
      "Content-Type": "application/octet-stream",
      "Content-Length": String(object.size),
      "Cache-Control": "no-store",
    },
  });
});
