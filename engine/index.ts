import names from "external-data.json";
import model from "model.onnx";
import { ENGINE_HEADERS, MAX_BODY_BYTES } from "./contract.ts";
import { readBody } from "./body.ts";
import { decodeJsonRequest } from "./decode.ts";
import { encodeJsonAnswer } from "./encode.ts";
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

async function externalData(): Promise<ExternalFile[]> {
  const modules = await Promise.all(
    // oxlint-disable-next-line import/no-dynamic-require -- the number of these modules is the model's
    names.map(async (_, index): Promise<{ default: ArrayBuffer }> => await import(`external-data/${index}`)),
  );
  return modules.map((module, index) => ({ path: names[index] ?? "", data: new Uint8Array(module.default) }));
}

async function infer(request: Request): Promise<Response> {
  const body = await readBody(request, MAX_BODY_BYTES);
  const loadedModel = await loaded();
  const call = decodeJsonRequest(body, loadedModel.signature);
  const outputs = await loadedModel.run(call.inputs, call.outputs);
  const head = {
    modelName: request.headers.get(ENGINE_HEADERS.modelName) ?? "",
    modelVersion: request.headers.get(ENGINE_HEADERS.modelVersion) ?? "",
    id: call.id,
  };
  const answer = encodeJsonAnswer(head, outputs);
  return new Response(answer, {
    headers: {
      "content-type": "application/json",
      "content-length": String(answer.byteLength),
      [ENGINE_HEADERS.bytesIn]: String(body.byteLength),
    },
  });
}

async function inspect(): Promise<Response> {
  const file = readOnnxFile(new Uint8Array(model));
  const { signature, unsupportedOutputs } = await loaded();
  const inspection: Inspection = { ...file, ...signature, unsupportedOutputs, heapBytes: heapBytes() };
  return Response.json(inspection);
}
