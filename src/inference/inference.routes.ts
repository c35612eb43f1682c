import { createHash } from "node:crypto";
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { MAX_BODY_BYTES } from "../../engine/contract.ts";
import type { Admitted, Idempotency } from "../admission/admission.rules.ts";
import type { AppEnv } from "../http/context.ts";
import { createRouter } from "../http/router.ts";
import { API_KEY_SECURITY, json, problems } from "../http/contract.ts";
import { problem } from "../http/problem.ts";
import { rateLimitHeaders } from "../http/rate-limit-headers.ts";
import { refuse, refuseByEngine } from "../http/refusals.ts";
import { authenticated } from "../identity/guards.ts";
import { readIdempotencyKey } from "./idempotency-key.rules.ts";
import { inferRequestSchema, inferResponseSchema } from "./inference.schemas.ts";
import { type Inferred, infer } from "./inference.service.ts";
import { logFault } from "../shared/log.ts";

const MEDIA_TYPES = new Set(["application/json", "application/octet-stream"]);

const common = {
  method: "post" as const,
  tags: ["Inference"],
  security: API_KEY_SECURITY,
  description:
    "Needs the scope `infer`. Open Inference Protocol V2, JSON form. Charged once; a repetition with the same " +
    "`Idempotency-Key` and body is not charged again.",
  responses: {
    200: {
      ...json(inferResponseSchema, "The outputs."),
      headers: z.object({
        "RateLimit-Policy": z.string().openapi({ example: '"inference";q=200;w=2' }),
        RateLimit: z.string().openapi({ example: '"inference";r=199;t=1' }),
        "Tensorgate-Entry": z.string().openapi({ description: "The ledger entry that the call was charged to." }),
      }),
    },
    ...problems,
  },
};

const headers = z.object({
  "idempotency-key": z.string().optional().openapi({ example: '"8e03978e-40d5-43dd-bc93-6894a57f9324"' }),
});
const body = { required: true, content: { "application/json": { schema: inferRequestSchema } } };
const modelParam = z.object({ model: z.string().openapi({ example: "iris" }) });

const inferRoute = createRoute({
  ...common,
  path: "/v2/models/{model}/infer",
  operationId: "infer",
  summary: "Run the version that the alias production points at",
  request: { params: modelParam, headers, body },
});
const inferVersionRoute = createRoute({
  ...common,
  path: "/v2/models/{model}/versions/{version}/infer",
  operationId: "inferVersion",
  summary: "Run a version by number or alias",
  request: { params: modelParam.extend({ version: z.string().openapi({ example: "1" }) }), headers, body },
});

/** Inference. The body goes to the model's isolate unopened, so these routes validate nothing of it here. */
export const inferenceRoutes = createRouter();
for (const route of [inferRoute, inferVersionRoute]) {
  inferenceRoutes.openAPIRegistry.registerPath(route);
  inferenceRoutes.post(route.getRoutingPath(), authenticated, handleInference);
}

async function handleInference(c: Context<AppEnv>): Promise<Response> {
  const unreadable = refuseForm(c);
  if (unreadable) return unreadable;
  const key = readIdempotencyKey(c.req.header("Idempotency-Key"));
  if (key === "malformed") {
    return problem(c, "invalid-request", "Idempotency-Key: must be a quoted string of 1 to 255 printable characters.");
  }
  const keyed = key === "absent" ? undefined : await fingerprint(c, key.key);
  const inferred = await infer(c.var.credential, c.var.services, {
    model: c.req.param("model") ?? "",
    version: c.req.param("version"),
    idempotency: keyed?.idempotency,
    body: keyed?.payload ?? c.req.raw.body,
    contentLength: keyed ? String(keyed.payload.byteLength) : c.req.header("Content-Length"),
  });
  return answer(c, inferred);
}

/** What this route does not read, said before anything is charged. */
function refuseForm(c: Context<AppEnv>): Response | undefined {
  const type = c.req.header("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== undefined && !MEDIA_TYPES.has(type)) {
    return problem(c, "unsupported-media-type", `The Content-Type is ${type}; send application/json.`);
  }
  if (c.req.header("Inference-Header-Content-Length") !== undefined) {
    return problem(
      c,
      "unsupported-media-type",
      "The binary tensor extension is not supported; send the tensors as JSON.",
    );
  }
  const encoding = c.req.header("Content-Encoding") ?? "identity";
  if (encoding !== "identity") {
    return problem(
      c,
      "unsupported-media-type",
      `The Content-Encoding ${encoding} is not supported; send the body as it is.`,
    );
  }
  if (Number(c.req.header("Content-Length") ?? 0) > MAX_BODY_BYTES) {
    return problem(c, "body-too-large", `The body is larger than ${MAX_BODY_BYTES} bytes.`, {
      members: { max_bytes: MAX_BODY_BYTES },
    });
  }
  return undefined;
}

/** A keyed request's body is read here, because its digest tells a repetition from another request. */
async function fingerprint(
  c: Context<AppEnv>,
  key: string,
): Promise<{ idempotency: Idempotency; payload: ArrayBuffer }> {
  const payload = await c.req.arrayBuffer();
  const digest = createHash("sha256").update(`${c.req.path}\n`).update(new Uint8Array(payload)).digest("base64url");
  return { idempotency: { key, fingerprint: digest }, payload };
}

function answer(c: Context<AppEnv>, inferred: Inferred): Response {
  switch (inferred.kind) {
    case "refused":
      return refuse(c, inferred.refusal);
    case "answered": {
      const { headers: given } = inferred.response;
      const length = given.get("content-length");
      return new Response(inferred.response.body, {
        headers: {
          ...admissionHeaders(inferred.admitted),
          "Content-Type": given.get("content-type") ?? "application/json",
          ...(length !== null && { "Content-Length": length }),
        },
      });
    }
    case "rejected":
      return withHeaders(refuseByEngine(c, inferred.refusal), admissionHeaders(inferred.admitted));
    case "failed": {
      const { message, stack } = inferred.error instanceof Error ? inferred.error : new Error(String(inferred.error));
      logFault("A model's isolate failed.", { cause: message, stack, requestId: c.var.requestId });
      const failure = problem(
        c,
        "runtime-failed",
        "The model's isolate failed; the call is not charged and may be repeated.",
      );
      return withHeaders(failure, admissionHeaders(inferred.admitted));
    }
  }
}

function admissionHeaders(admitted: Admitted): Record<string, string> {
  return {
    ...rateLimitHeaders(admitted.limit),
    "Tensorgate-Entry": admitted.entryId,
    ...(admitted.replayed && { "Idempotent-Replayed": "true" }),
  };
}

function withHeaders(response: Response, added: Record<string, string>): Response {
  for (const [name, value] of Object.entries(added)) response.headers.set(name, value);
  return response;
}
