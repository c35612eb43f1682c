import { type Context, Hono } from "hono";
import { ENGINE_HEADERS, INFERENCE_HEADER_LENGTH, MAX_BODY_BYTES } from "../engine/contract.ts";
import { maxRequestBytes } from "../engine/request-size.ts";
import { admitted } from "./admitted.ts";
import { readChunks } from "./body.ts";
import type { Served, Services } from "./services.ts";
import { inspect } from "./pool/inspect.ts";
import type { RunEnd } from "./pool/model-processes.ts";
import { type Refused, refusal, refused } from "./problem.ts";
import { findModel, load, readRunLimit, readSource } from "./request.ts";

type Answered = Extract<RunEnd, { kind: "answered" }> & { readonly isCold: boolean };

const SERVER = {
  name: "tensorgate-container",
  version: "1",
  extensions: ["binary_tensor_data", "model_repository"],
};

/** The Open Inference Protocol V2, and the inspection of a model before it is served. */
export function inference(services: Services): Hono<Served> {
  const { models, metrics } = services;
  return new Hono<Served>()
    .get("/", (context) => context.json(SERVER))
    .get("/models/:id", async (context) => {
      const end = await admitted(context, services, () => load(context, services));
      if (end.kind === "refused") return refusal(end);
      const name = context.req.param("id");
      return context.json({ name, versions: ["1"], platform: "onnx_onnxv1", ...end.signature });
    })
    .get("/models/:id/ready", (context) => {
      const model = models.findLoaded(context.req.param("id"));
      if (model) return context.json({ name: model.id, ready: true });
      return refusal(refused("model-not-found", "The model has no process here."));
    })
    .post("/models/:id/infer", async (context) => {
      const startedMs = performance.now();
      const end = await admitted(context, services, () => infer(context, services));
      const outcome = end.kind === "refused" ? end.problem.code : "ok";
      metrics.finished(outcome, (performance.now() - startedMs) / 1000);
      return end.kind === "refused" ? refusal(end) : answer(end);
    })
    .post("/models/:id/warmup", async (context) => {
      const end = await admitted(context, services, () => warmUp(context, services));
      return end.kind === "refused" ? refusal(end) : new Response(null, { status: 204 });
    })
    .post("/models/:id/inspection", async (context) => {
      const end = await admitted(context, services, async () => {
        const source = readSource(context, services);
        if (!source) return refused("bad-request", "Send the header Tensorgate-Model-Source.");
        return "problem" in source ? source : await inspect(source, readRunLimit(context), services.around);
      });
      return end.kind === "refused" ? refusal(end) : context.json(end.inspection);
    });
}

async function infer(context: Context<Served>, services: Services): Promise<Answered | Refused> {
  const limitMs = readRunLimit(context);
  const model = findModel(context, services);
  if ("problem" in model) return model;
  const isCold = !model.isLoaded;
  if (!model.signature) {
    const loaded = await model.load();
    if (loaded.kind === "refused") return loaded;
  }
  const maxBytes = model.signature ? maxRequestBytes(model.signature) : MAX_BODY_BYTES;
  const body = await readChunks(context.env.incoming, context.req.raw, maxBytes);
  const command = {
    kind: "infer" as const,
    headerLength: context.req.header(INFERENCE_HEADER_LENGTH) ?? null,
    modelName: context.req.header(ENGINE_HEADERS.modelName) ?? model.id,
    modelVersion: context.req.header(ENGINE_HEADERS.modelVersion) ?? "1",
  };
  const end = await model.run(command, body, limitMs, () => context.req.raw.signal);
  return end.kind === "refused" ? end : { ...end, isCold };
}

async function warmUp(context: Context, services: Services): Promise<RunEnd> {
  const model = findModel(context, services);
  if ("problem" in model) return model;
  return await model.run({ kind: "warmup" }, [], readRunLimit(context), () => context.req.raw.signal);
}

function answer({ headers, body, queueMs, isCold }: Answered): Response {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a frame's body lies in a buffer of its own
  return new Response(body as Uint8Array<ArrayBuffer>, {
    headers: {
      ...headers,
      [ENGINE_HEADERS.queueMicros]: String(Math.round(queueMs * 1000)),
      ...(isCold && { [ENGINE_HEADERS.coldStart]: "1" }),
    },
  });
}
