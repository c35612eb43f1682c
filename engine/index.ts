import names from "external-data.json";
import model from "model.onnx";
import { readBody } from "./body.ts";
import { ENGINE_HEADERS, INFERENCE_HEADER_LENGTH } from "./contract.ts";
import { runInference } from "./inference.ts";
import type { ExternalFile, LoadedModel } from "./model.ts";
import { readOnnxFile } from "./onnx-file.ts";
import { REFUSAL_STATUS, Refusal } from "./refusal.ts";
import { maxRequestBytes } from "./request-size.ts";
import { loadModel } from "./runtime.ts";
import type { Inspection } from "./signature.ts";
import { tryOut } from "./trial.ts";
import { heapBytes } from "./wasm.ts";

/**
 * The program of a model's isolate: one model, no bindings, no network.
 *
 * `POST /infer` runs an inference, `POST /warmup` makes ready for one. `GET /analysis` reads the file without loading it,
 * `GET /inspection` loads and tries it. A refusal is answered as JSON with status 422; everything else that goes wrong is a
 * fault of ours and escapes as an exception.
 */
export default {
  async fetch(request: Request): Promise<Response> {
    try {
      return await answer(request);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { code, detail, evidence } = error;
      return Response.json({ code, detail, evidence }, { status: REFUSAL_STATUS });
    }
  },
};

async function answer(request: Request): Promise<Response> {
  switch (new URL(request.url).pathname) {
    case "/infer":
      return await infer(request);
    case "/analysis":
      return Response.json(readOnnxFile(new Uint8Array(model)));
    case "/inspection":
      return await inspect();
    case "/warmup":
      return await warmUp();
    default:
      return new Response(null, { status: 404 });
  }
}

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
  const isCold = loading === undefined;
  const loadedModel = await loaded();
  const { body, headers } = await runInference(loadedModel, {
    body: await readBody(request, maxRequestBytes(loadedModel.signature)),
    headerLength: request.headers.get(INFERENCE_HEADER_LENGTH),
    modelName: request.headers.get(ENGINE_HEADERS.modelName) ?? "",
    modelVersion: request.headers.get(ENGINE_HEADERS.modelVersion) ?? "",
  });
  return new Response(body, { headers: isCold ? { ...headers, [ENGINE_HEADERS.coldStart]: "1" } : headers });
}

async function warmUp(): Promise<Response> {
  const isCold = loading === undefined;
  await tryOut(await loaded());
  return new Response(null, { status: 204, headers: isCold ? { [ENGINE_HEADERS.coldStart]: "1" } : {} });
}

async function inspect(): Promise<Response> {
  const file = readOnnxFile(new Uint8Array(model));
  const loadedModel = await loaded();
  const { signature, unsupportedOutputs } = loadedModel;
  const loadedHeapBytes = heapBytes();
  const trial = await tryOut(loadedModel);
  const inspection: Inspection = {
    ...file,
    ...signature,
    unsupportedOutputs,
    heapBytes: loadedHeapBytes,
    peakHeapBytes: heapBytes(),
    trial,
  };
  return Response.json(inspection);
}
