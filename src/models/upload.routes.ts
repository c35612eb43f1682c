import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "../http/context.ts";
import { createRouter } from "../http/router.ts";
import { json, problems } from "../http/contract.ts";
import { mediaTypeOf } from "../http/media-type.ts";
import { problem } from "../http/problem.ts";
import { failRun, refuseByEngine } from "../http/refusals.ts";
import { promisedSha256 } from "./content-digest.rules.ts";
import type { IncomingFile } from "./files.store.ts";
import { refuseQuotaReached } from "./models.problems.ts";
import { MAX_FORM_BYTES, MAX_UPLOAD_BYTES } from "./models.rules.ts";
import { tooLargeToLoad } from "./placement.rules.ts";
import { modelParams, presentVersion, versionSchema } from "./models.schemas.ts";
import { quotaAgainstUpload } from "./models.service.ts";
import { findModel, findModelTree } from "./models.store.ts";
import { type Upload, totalBytes, uploadVersion } from "./upload.service.ts";
import { needs } from "../identity/needs.ts";

const FILE_TYPES = new Set(["application/octet-stream", "application/onnx"]);
const FORM = "multipart/form-data";

const uploadRoute = createRoute({
  method: "post",
  path: "/v1/models/{model}/versions",
  operationId: "uploadVersion",
  summary: "Upload an ONNX file as the model's next version",
  description:
    "Needs the scope `models:write`. The file is loaded once before it counts: what ONNX Runtime refuses is answered with " +
    "its reason and leaves nothing behind. The first version becomes `production`; later ones when an alias is moved. " +
    "`Content-Digest` (RFC 9530, sha-256) is verified where it is given. A model with external data comes as a form: the " +
    "field `model`, and for each of its files a field `data:<name>` with the name that the model has for it.",
  tags: ["Models"],
  ...needs("models:write"),
  request: {
    params: modelParams,
    query: z.object({
      runtime: z.enum(["auto", "isolate", "container"]).default("auto").openapi({
        description: "Where the version runs. `auto` decides by its size, its operators and a trial run.",
      }),
    }),
    headers: z.object({
      "content-digest": z
        .string()
        .optional()
        .openapi({ example: "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:" }),
    }),
    body: {
      required: true,
      content: {
        "application/octet-stream": { schema: { type: "string", format: "binary" } },
        [FORM]: {
          schema: {
            type: "object",
            required: ["model"],
            properties: { model: { type: "string", format: "binary" } },
            patternProperties: { "^data:": { type: "string", format: "binary" } },
          },
        },
      },
    },
  },
  responses: { 201: json(versionSchema, "The version, with what its inspection found."), ...problems },
});

/** Uploads of versions. */
export const uploadRoutes = createRouter().openapi(uploadRoute, async (c) => {
  const { tenantId } = c.var.caller;
  const { model: name } = c.req.valid("param");
  const refusal = refuseUnread(c);
  if (refusal) return refusal;
  const model = await findModel(tenantId, c.var.services.db, name);
  if (!model) return problem(c, "model-not-found", `There is no model "${name}"; create it with POST /v1/models.`);
  const upload = await readUpload(c);
  if ("fault" in upload) return problem(c, "invalid-request", upload.fault);
  const { runtime } = c.req.valid("query");
  const tooLarge = tooLargeToLoad(totalBytes(upload));
  const isForIsolate = runtime === "isolate" || !c.var.services.container;
  if (tooLarge !== undefined && isForIsolate) return problem(c, "model-too-large", tooLarge);
  const quota = await quotaAgainstUpload(tenantId, c.var.services, model.id, totalBytes(upload));
  if (quota) return refuseQuotaReached(c, quota);
  const uploaded = await uploadVersion(tenantId, c.var.services, model, { ...upload, runtime });
  switch (uploaded.kind) {
    case "created": {
      const after = await findModelTree(tenantId, c.var.services.db, name);
      return c.json(presentVersion(name, uploaded.version, after?.aliases ?? []), 201);
    }
    case "cut-short":
      return problem(c, "invalid-request", "The body ended before the bytes of its Content-Length.");
    case "digest-mismatch": {
      const members = { expected: upload.promisedSha256, actual: uploaded.actualSha256 };
      return problem(c, "digest-mismatch", "Content-Digest: the bytes that arrived have another SHA-256.", { members });
    }
    case "rejected":
      return refuseByEngine(c, uploaded.refusal);
    case "unsuitable": {
      const members = { reasons: uploaded.reasons };
      return problem(c, "runtime-unsuitable", uploaded.reasons.join(" "), { members });
    }
    case "failed":
      return failRun(c, uploaded);
    case "quota-reached":
      return refuseQuotaReached(c, uploaded.quota);
    case "model-gone":
      return problem(c, "model-not-found", `The model "${name}" was deleted during the upload.`);
  }
});

/** What can be said against an upload before its first byte is read. */
function refuseUnread(c: Context<AppEnv>) {
  const type = mediaType(c);
  if (type !== FORM && !FILE_TYPES.has(type)) {
    const detail = `The Content-Type is ${type}; send application/octet-stream, or ${FORM} with external data.`;
    return problem(c, "unsupported-media-type", detail);
  }
  const length = c.req.header("Content-Length");
  if (length === undefined) {
    return problem(c, "length-required", "Send the file with a Content-Length, not in chunks.");
  }
  const maxBytes = type === FORM ? MAX_FORM_BYTES : MAX_UPLOAD_BYTES;
  if (Number(length) > maxBytes) {
    const detail = `The body has ${length} bytes; as ${type} it may have ${maxBytes}.`;
    return problem(c, "body-too-large", detail, { members: { max_bytes: maxBytes } });
  }
  if (promisedSha256(c.req.header("Content-Digest")) === "malformed") {
    const detail = "Content-Digest: sha-256 must be 32 bytes in base64 between colons (RFC 9530).";
    return problem(c, "invalid-request", detail);
  }
  return undefined;
}

type ReadUpload = Omit<Upload, "runtime">;

async function readUpload(c: Context<AppEnv>): Promise<ReadUpload | { readonly fault: string }> {
  if (mediaType(c) === FORM) return await readForm(c);
  const { body } = c.req.raw;
  const sizeBytes = Number(c.req.header("Content-Length"));
  if (body === null || sizeBytes === 0) return { fault: "The body is empty; send the bytes of an ONNX file." };
  const promised = promisedSha256(c.req.header("Content-Digest"));
  const digest = typeof promised === "object" ? promised.base64 : undefined;
  return { model: { body, sizeBytes }, externalData: [], promisedSha256: digest };
}

/** A form with the field `model` and, for each file of external data, a field `data:<name>`. */
async function readForm(c: Context<AppEnv>): Promise<ReadUpload | { readonly fault: string }> {
  let form: FormData;
  try {
    form = await c.req.raw.formData();
  } catch (error) {
    return { fault: `The body is not a form: ${error instanceof Error ? error.message : String(error)}.` };
  }
  const files = new Map<string, File>();
  for (const [field, value] of form) {
    if (typeof value === "string") return { fault: `${field}: must be a file.` };
    if (field !== "model" && !/^data:.{1,255}$/s.test(field)) {
      return { fault: `${field}: the form takes the fields model and data:<name>, the name as the model has it.` };
    }
    if (files.has(field)) return { fault: `${field}: is given twice.` };
    files.set(field, value);
  }
  const model = files.get("model");
  if (!model || model.size === 0) return { fault: "model: the ONNX file is missing or empty." };
  files.delete("model");
  const externalData = [...files].map(([field, file]) => ({ name: field.slice("data:".length), ...incoming(file) }));
  return { model: incoming(model), externalData, promisedSha256: undefined };
}

function incoming(file: File): IncomingFile {
  return { body: file.stream(), sizeBytes: file.size };
}

function mediaType(c: Context<AppEnv>): string {
  return mediaTypeOf(c) ?? "application/octet-stream";
}
