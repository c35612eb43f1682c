import names from "external-data.json";
import model from "model.onnx";
import { ENGINE_HEADERS, INFERENCE_HEADER_LENGTH, MAX_BODY_BYTES } from "./contract.ts";
import { readBody } from "./body.ts";
import { decodeRequest } from "./decode.ts";
import { type EncodedAnswer, encodeAnswer } from "./encode.ts";
import { readOnnxFile } from "./onnx-file.ts";
import { REFUSAL_STATUS, Refusal } from "./refusal.ts";
import { type ExternalFile, type LoadedModel, heapBytes, loadModel } from "./runtime.ts";
import type { Inspection } from "./signature.ts";

/**
 * The program of a model's isolate: one model, no bindings, no network.
 *
 * `POST /infer` runs an inference, `GET /inspection` tells what the model is. A refusal is answered as JSON with status
 * 422; everything else that goes wrong is a fault of ours and escapes as an exception.
 */
export default {
  async fetch(request: Request): Promise<Response> {
    try {
      return new URL(request.url).pathname === "/inspection" ? await inspect() : await infer(request);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { code, detail, evidence } = error;
      return Response.json({ code, detail, evidence }, { status: REFUSAL_STATUS });
    }
  },
};

let loading: Promise<LoadedModel> | undefined;

/** The session is created once, however many requests arrive before it is ready. */
function loaded(): Promise<LoadedModel> {
  loading ??= externalData().then((files) => loadModel(new Uint8Array(model), files));
  return loading;
}

/** The files of external data, as the modules that the Worker has put beside this one. */
async function externalData(): Promise<ExternalFile[]> {
  return await Promise.all(
    names.map(async (path, index) => ({ path, data: new Uint8Array(await readModule(`external-data/${index}`)) })),
  );
}

async function readModule(specifier: string): Promise<ArrayBuffer> {
  // oxlint-disable-next-line import/no-dynamic-require -- how many of these modules there are is the model's to say
  const module: unknown = await import(specifier);
  const isModule = typeof module === "object" && module !== null && "default" in module;
  if (!isModule || !(module.default instanceof ArrayBuffer)) throw new Error(`The module ${specifier} holds no bytes.`);
  return module.default;
}

async function infer(request: Request): Promise<Response> {
  const body = await readBody(request, MAX_BODY_BYTES);
  const jsonBytes = readJsonBytes(request.headers.get(INFERENCE_HEADER_LENGTH));
  const loadedModel = await loaded();
  const call = decodeRequest(body, jsonBytes, loadedModel.signature);
  const tensors = await loadedModel.run(call.inputs, call.outputs);
  const head = {
    modelName: request.headers.get(ENGINE_HEADERS.modelName) ?? "",
    modelVersion: request.headers.get(ENGINE_HEADERS.modelVersion) ?? "",
    id: call.id,
  };
  const binary = new Set(call.outputs.filter((output) => output.binary).map((output) => output.name));
  const outputs = tensors.map((tensor) => ({ tensor, binary: binary.has(tensor.name) }));
  return respond(encodeAnswer(head, outputs), body.byteLength);
}

function readJsonBytes(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,10}$/.test(header)) return Number(header);
  throw new Refusal("invalid-request", `${INFERENCE_HEADER_LENGTH} must be a number of bytes, not "${header}".`);
}

function respond({ body, jsonBytes }: EncodedAnswer, bytesIn: number): Response {
  const isBinary = jsonBytes !== undefined;
  return new Response(body, {
    headers: {
      "Content-Type": isBinary ? "application/octet-stream" : "application/json",
      "Content-Length": String(body.byteLength),
      ...(isBinary && { [INFERENCE_HEADER_LENGTH]: String(jsonBytes) }),
      [ENGINE_HEADERS.bytesIn]: String(bytesIn),
    },
  });
}

async function inspect(): Promise<Response> {
  const file = readOnnxFile(new Uint8Array(model));
  const { signature, unsupportedOutputs } = await loaded();
  const inspection: Inspection = { ...file, ...signature, unsupportedOutputs, heapBytes: heapBytes() };
  return Response.json(inspection);
}
