/** One hostile model against the server, as its tenant would: create, upload, read, infer, delete. */
import { type Answer, type ApiRequest, type Target, send } from "../conformance/client.ts";
import { encodeOnes, encodeRun, readInputs } from "./inputs.ts";
import type { HostileFile } from "./manifest.ts";

/** A request of an attack, and what came of it. */
export interface Step {
  readonly name:
    | "create"
    | "upload"
    | "metadata"
    | "read"
    | "infer ones"
    | "infer large"
    | "infer big"
    | "infer again"
    | "delete"
    | "usage";
  readonly answer: Answer;
  readonly tookMs: number;
}

/** 100,000 × 100,000 FP32 overflow 32 bits and are refused by ONNX Runtime itself; a quarter of each, 2.5 GB, is not. */
const LARGE_DIVISOR = 4;

/** After this time a request counts as never answered. */
const TIMEOUT_MS = 60_000;

async function take(target: Target, name: Step["name"], request: ApiRequest): Promise<Step> {
  const startedAtMs = performance.now();
  const answer = await send(target, { ...request, interrupt: AbortSignal.timeout(TIMEOUT_MS), abortable: true });
  return { name, answer, tookMs: Math.round(performance.now() - startedAtMs) };
}

function post(path: string, body: string): ApiRequest {
  return { method: "POST", path, body, contentType: "application/json" };
}

function answered(step: Step, status: number): boolean {
  return step.answer.kind === "answered" && step.answer.status === status;
}

/** Infer with ones, with what brings out the hostile in the model, and with ones again; nothing without a signature. */
async function inferAll(target: Target, modelName: string, { run }: HostileFile, metadata: Answer): Promise<Step[]> {
  const inputs = metadata.kind === "answered" ? readInputs(metadata.text) : undefined;
  if (inputs === undefined) return [];
  const path = `/v2/models/${modelName}/infer`;
  const ones = post(path, encodeOnes(inputs));
  const steps = [await take(target, "infer ones", ones)];
  if (run !== undefined) {
    steps.push(await take(target, "infer large", post(path, encodeRun(inputs, run, LARGE_DIVISOR))));
    steps.push(await take(target, "infer big", post(path, encodeRun(inputs, run))));
  }
  // What the first ones did to the isolate, the next one meets.
  steps.push(await take(target, "infer again", ones));
  return steps;
}

/**
 * Take one model through everything that its tenant can do with it, delete it again, and read what was counted.
 *
 * @param model      the ONNX file's bytes
 * @param modelName  unique within the tenant
 * @returns          the steps in order; uploading refused, what needs a version is left out
 */
export async function attack(
  target: Target,
  file: HostileFile,
  model: Uint8Array<ArrayBuffer>,
  modelName: string,
): Promise<Step[]> {
  const path = `/v1/models/${modelName}`;
  const steps = [await take(target, "create", post("/v1/models", JSON.stringify({ name: modelName })))];
  const contentType = "application/octet-stream";
  const upload = await take(target, "upload", { method: "POST", path: `${path}/versions`, body: model, contentType });
  steps.push(upload);
  if (answered(upload, 201)) {
    const metadata = await take(target, "metadata", { method: "GET", path: `/v2/models/${modelName}` });
    steps.push(metadata, await take(target, "read", { method: "GET", path }));
    steps.push(...(await inferAll(target, modelName, file, metadata.answer)));
  }
  steps.push(await take(target, "delete", { method: "DELETE", path }));
  // Deleting goes through the tenant's cell, and so comes back after the last inference has been settled there.
  steps.push(await take(target, "usage", { method: "GET", path: "/v1/usage?group_by=model" }));
  return steps;
}
