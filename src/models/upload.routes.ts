import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "../http/context.ts";
import { createRouter } from "../http/router.ts";
import { API_KEY_SECURITY, json, problems } from "../http/contract.ts";
import { problem } from "../http/problem.ts";
import { refuseByEngine } from "../http/refusals.ts";
import { requires } from "../identity/guards.ts";
import { promisedSha256 } from "./content-digest.rules.ts";
import { MAX_UPLOAD_BYTES, tooLargeToLoad } from "./models.rules.ts";
import { modelParams, presentVersion, versionSchema } from "./models.schemas.ts";
import { findModelTree } from "./models.store.ts";
import { type Upload, uploadVersion } from "./upload.service.ts";

const MEDIA_TYPES = ["application/octet-stream", "application/onnx"];

const uploadRoute = createRoute({
  method: "post",
  path: "/v1/models/{model}/versions",
  operationId: "uploadVersion",
  summary: "Upload an ONNX file as the model's next version",
  description:
    "Needs the scope `models:write`. The file is loaded once before it counts: what ONNX Runtime refuses is answered with " +
    "its reason and leaves nothing behind. The first version becomes `production`; later ones when an alias is moved. " +
    "`Content-Digest` (RFC 9530, sha-256) is verified where it is given.",
  tags: ["Models"],
  security: API_KEY_SECURITY,
  middleware: requires("models:write"),
  request: {
    params: modelParams,
    headers: z.object({
      "content-digest": z
        .string()
        .optional()
        .openapi({ example: "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:" }),
    }),
    body: {
      required: true,
      content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } },
    },
  },
  responses: { 201: json(versionSchema, "The version, with what its inspection found."), ...problems },
});

/** Uploads of versions. */
export const uploadRoutes = createRouter().openapi(uploadRoute, async (c) => {
  const upload = readUpload(c);
  if (upload instanceof Response) return upload;
  const { tenantId } = c.var.caller;
  const { model: name } = c.req.valid("param");
  const tree = await findModelTree(tenantId, c.var.services.db, name);
  if (!tree) return problem(c, "model-not-found", `There is no model "${name}"; create it with POST /v1/models.`);
  const uploaded = await uploadVersion(tenantId, c.var.services, tree.model, upload);
  switch (uploaded.kind) {
    case "created": {
      const after = await findModelTree(tenantId, c.var.services.db, name);
      return c.json(presentVersion(name, uploaded.version, after?.aliases ?? []), 201);
    }
    case "cut-short":
      return problem(
        c,
        "invalid-request",
        `The body ended before the ${upload.sizeBytes} bytes of its Content-Length.`,
      );
    case "digest-mismatch":
      return problem(
        c,
        "digest-mismatch",
        "Content-Digest: the bytes that arrived have another SHA-256; send them again.",
        {
          members: { expected: upload.promisedSha256, actual: uploaded.actualSha256 },
        },
      );
    case "rejected":
      return refuseByEngine(c, uploaded.refusal);
    case "model-too-large":
      return problem(c, "model-too-large", uploaded.reason);
    case "model-gone":
      return problem(c, "model-not-found", `The model "${name}" was deleted during the upload.`);
  }
});

/** What can be said of an upload before its first byte is read. */
function readUpload(c: Context<AppEnv>) {
  const type = c.req.header("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== undefined && !MEDIA_TYPES.includes(type)) {
    return problem(c, "unsupported-media-type", `The Content-Type is ${type}; send ${MEDIA_TYPES.join(" or ")}.`);
  }
  const promised = promisedSha256(c.req.header("Content-Digest"));
  if (promised === "malformed") {
    return problem(
      c,
      "invalid-request",
      "Content-Digest: sha-256 must be 32 bytes in base64 between colons (RFC 9530).",
    );
  }
  const length = c.req.header("Content-Length");
  if (length === undefined) {
    return problem(c, "length-required", "Send the file with a Content-Length, not in chunks.");
  }
  const sizeBytes = Number(length);
  if (sizeBytes > MAX_UPLOAD_BYTES) {
    return problem(c, "body-too-large", `The file has ${sizeBytes} bytes; ${MAX_UPLOAD_BYTES} are the most.`, {
      members: { max_bytes: MAX_UPLOAD_BYTES },
    });
  }
  const tooLarge = tooLargeToLoad(sizeBytes);
  if (tooLarge !== undefined) return problem(c, "model-too-large", tooLarge);
  const body = c.req.raw.body;
  if (body === null || sizeBytes === 0) {
    return problem(c, "invalid-request", "The body is empty; send the bytes of an ONNX file.");
  }
  return { body, sizeBytes, promisedSha256: promised === "absent" ? undefined : promised.base64 } satisfies Upload;
}
