import { createHash } from "node:crypto";
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { readStream } from "../../engine/body.ts";
import { INFERENCE_HEADER_LENGTH, MAX_BODY_BYTES } from "../../engine/contract.ts";
import { Refusal } from "../../engine/refusal.ts";
import type { Admitted } from "../admission/admission.rules.ts";
import { readAnswerBody } from "../admission/answers.service.ts";
import type { Idempotency } from "../admission/claims.rules.ts";
import { ROUTING_KEY } from "../admission/traffic.rules.ts";
import type { AppEnv } from "../http/context.ts";
import { createRouter } from "../http/router.ts";
import { json, problems } from "../http/contract.ts";
import { callerAddress } from "../http/caller-address.ts";
import { callerOrigin, heedOrigin } from "../http/cors.ts";
import { idempotencyKey, routeOf } from "../http/idempotency.ts";
import { mediaTypeOf } from "../http/media-type.ts";
import { problem } from "../http/problem.ts";
import { rateLimitHeaders } from "../http/rate-limit-headers.ts";
import { failRun, refuse, refuseByEngine } from "../http/refusals.ts";
import { authenticated } from "../identity/guards.ts";
import { inferRequestSchema, inferResponseSchema } from "./inference.schemas.ts";
import { type Inferred, infer } from "./inference.service.ts";
import { ANSWER_HEADERS, RECEIPT } from "./run-outcome.ts";
import { pickHeaders } from "../shared/pick-headers.ts";
import { securityOf } from "../identity/needs.ts";

/** What the engine must know of a request's body. */
const BODY_HEADERS = ["Content-Type", "Content-Length", "Content-Encoding", INFERENCE_HEADER_LENGTH];

const MEDIA_TYPES = new Set(["application/json", "application/octet-stream"]);

const common = {
  method: "post" as const,
  tags: ["Inference"],
  security: securityOf("models:infer"),
  description:
    "Needs the scope `models:infer`. Open Inference Protocol V2, in JSON or with binary tensors. Charged once; a repetition with the same " +
    "`Idempotency-Key` and body is not charged again.",
  responses: {
    200: {
      ...json(inferResponseSchema, "The outputs."),
      headers: z.object({
        "RateLimit-Policy": z.string().openapi({ example: '"inference";q=200;w=2' }),
        RateLimit: z.string().openapi({ example: '"inference";r=199;t=1' }),
        "Tensorgate-Entry": z.string().openapi({ description: "The ledger entry that the call was charged to." }),
        "Tensorgate-Receipt": z
          .string()
          .openapi({ description: "The hash of that entry's row: the ledger can't be changed without it changing." }),
      }),
    },
    ...problems,
  },
};

const requestHeaders = z.object({
  "inference-header-content-length": z.string().optional().openapi({
    description: "How many bytes of the body are JSON, where binary tensors follow it; 0 for one raw tensor.",
    example: "187",
  }),
  "x-routing-key": z.string().optional().openapi({
    description: "Who is served, where traffic is spread over versions: the same key always gets the same version.",
    example: "user-4711",
  }),
});
const binary = { "application/octet-stream": { schema: { type: "string" as const, format: "binary" } } };
const requestBody = { required: true, content: { "application/json": { schema: inferRequestSchema }, ...binary } };
const modelParam = z.object({ model: z.string().openapi({ example: "iris" }) });

const inferRoute = createRoute({
  ...common,
  path: "/v2/models/{model}/infer",
  operationId: "infer",
  summary: "Run the version that serves production",
  request: { params: modelParam, headers: requestHeaders, body: requestBody },
});
const inferVersionRoute = createRoute({
  ...common,
  path: "/v2/models/{model}/versions/{version}/infer",
  operationId: "inferVersion",
  summary: "Run a version by number or alias",
  request: {
    params: modelParam.extend({ version: z.string().openapi({ example: "1" }) }),
    headers: requestHeaders,
    body: requestBody,
  },
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
  const key = idempotencyKey(c);
  if (key instanceof Response) return key;
  const routingKey = c.req.header("X-Routing-Key");
  if (routingKey !== undefined && !ROUTING_KEY.test(routingKey)) {
    return problem(c, "invalid-request", "X-Routing-Key: must be 1 to 256 visible ASCII characters, without spaces.");
  }
  const keyed = key === undefined ? undefined : await fingerprint(c, key);
  if (keyed instanceof Refusal) return refuseByEngine(c, keyed);
  const origin = callerOrigin(c);
  const inferring = infer(c.var.presented, c.var.services, {
    model: c.req.param("model") ?? "",
    version: c.req.param("version"),
    routingKey,
    idempotency: keyed?.idempotency,
    address: callerAddress(c),
    origin,
    body: keyed?.payload ?? c.req.raw.body,
    bodyHeaders: {
      ...pickHeaders(c.req.raw.headers, BODY_HEADERS),
      ...(keyed && { "Content-Length": String(keyed.payload.byteLength) }),
    },
  });
  // Who hangs up and comes again with its key then meets the answer, and not a run that was cut off.
  if (keyed) c.executionCtx.waitUntil(inferring.catch(() => undefined));
  const inferred = await inferring;
  heedOrigin(c, origin, inferred.kind === "refused" ? inferred.refusal : { kind: "admitted" });
  return await answer(c, inferred);
}

/** What this route does not read, said before anything is charged. */
function refuseForm(c: Context<AppEnv>): Response | undefined {
  const type = mediaTypeOf(c);
  if (type !== undefined && !MEDIA_TYPES.has(type)) {
    return problem(c, "unsupported-media-type", `The Content-Type is ${type}; send application/json.`);
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
): Promise<{ idempotency: Idempotency; payload: Uint8Array<ArrayBuffer> } | Refusal> {
  const payload = await readPayload(c);
  if (payload instanceof Refusal) return payload;
  const head = `${c.req.path}\n${c.req.header(INFERENCE_HEADER_LENGTH) ?? ""}\n`;
  const digest = createHash("sha256").update(head).update(payload).digest("base64url");
  return { idempotency: { key, route: routeOf(c), fingerprint: digest }, payload };
}

/** The body as it came; what is not announced is read no further than allowed, since nobody was asked for leave yet. */
async function readPayload(c: Context<AppEnv>): Promise<Uint8Array<ArrayBuffer> | Refusal> {
  const { body } = c.req.raw;
  if (c.req.header("Content-Length") !== undefined) return new Uint8Array(await c.req.arrayBuffer());
  if (body === null) return new Uint8Array();
  try {
    return await readStream(body, MAX_BODY_BYTES);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

async function answer(c: Context<AppEnv>, inferred: Inferred): Promise<Response> {
  if (inferred.kind === "refused") return refuse(c, inferred.refusal);
  if (inferred.kind === "repeated") return await repeat(c, inferred);
  const { outcome, admitted } = inferred;
  switch (outcome.kind) {
    case "answered": {
      const { body, headers: given } = outcome.response;
      return new Response(body, { headers: { ...admissionHeaders(admitted), ...pickHeaders(given, ANSWER_HEADERS) } });
    }
    case "rejected":
      return withHeaders(refuseByEngine(c, outcome.refusal), admissionHeaders(admitted));
    case "failed":
      return withHeaders(failRun(c, outcome), admissionHeaders(admitted));
  }
}

/** The answer of the first request with the key, as it was given. */
async function repeat(c: Context<AppEnv>, repeated: Extract<Inferred, { kind: "repeated" }>): Promise<Response> {
  const { entryId, answer: kept } = repeated;
  const body = await readAnswerBody(c.var.services.files, repeated);
  const headers = { ...kept.headers, "Tensorgate-Entry": entryId, "Idempotent-Replayed": "true" };
  return new Response(body, { status: kept.status, headers });
}

function admissionHeaders(admitted: Admitted): Record<string, string> {
  return {
    ...rateLimitHeaders(admitted.limit),
    "Tensorgate-Entry": admitted.entryId,
    ...(admitted.receipt !== undefined && { [RECEIPT]: admitted.receipt }),
    ...(admitted.replayed && { "Idempotent-Replayed": "true" }),
  };
}

function withHeaders(response: Response, added: Record<string, string>): Response {
  for (const [name, value] of Object.entries(added)) response.headers.set(name, value);
  return response;
}
