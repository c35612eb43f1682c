import ortWasm from "ort.wasm";
import type { LoaderBindings } from "./loader-bindings.ts";

const MODEL_KEY = "model.onnx";

/**
 * A Worker that serves a model from dynamic isolates as one writes it first: no authentication, no admission, no ledger.
 *
 * `PUT /` stores the model; `/{bytes|module}/{isolate}/{step}` hands the request to the isolate of that name, which starts with
 * its first request.
 */
export default {
  async fetch(request, env): Promise<Response> {
    if (request.method === "PUT") {
      await env.MODELS.put(MODEL_KEY, await request.arrayBuffer());
      return new Response("stored");
    }
    const [, form = "", name = "", step = ""] = new URL(request.url).pathname.split("/");
    const worker = env.LOADER.get(`${form}/${name}`, async () => await definition(form, env));
    return await worker.getEntrypoint().fetch(new Request(`http://isolate/${step}`, request));
  },
} satisfies ExportedHandler<LoaderBindings>;

/** @param form  of the WASM: `bytes`, which each isolate compiles anew, or `module`, which was compiled once */
async function definition(form: string, env: LoaderBindings): Promise<WorkerLoaderWorkerCode> {
  const stored = await env.MODELS.get(MODEL_KEY);
  if (!stored) throw new Error("There is no model; PUT it first.");
  return {
    compatibilityDate: "2026-10-20",
    mainModule: "isolate.js",
    modules: {
      "isolate.js": env.ISOLATE_CODE,
      "ort.wasm": { wasm: form === "bytes" ? env.ORT_WASM_BYTES : ortWasm },
      "model.onnx": { data: await stored.arrayBuffer() },
    },
    globalOutbound: null,
  };
}
