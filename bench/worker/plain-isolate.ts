import model from "model.onnx";
import * as ort from "onnxruntime-web/wasm";
import ortWasm from "ort.wasm";
import { encodeAnswer } from "../../engine/encode.ts";
import { writeModel } from "../../examples/onnx-writer.ts";
import { type PeerModel, peerModel } from "../peers/peer-model.ts";
import { decodeBody } from "./decode-body.ts";

/**
 * A model's isolate as one writes it first: ONNX Runtime, the ONNX file as it came, default options.
 *
 * Its steps can be asked for one by one, each request doing what those before it have not done yet: `/isolate` nothing at all,
 * `/runtime` starts ONNX Runtime with a model of one Identity, `/session` loads the model, `/infer` runs it. A clock inside the
 * isolate would stand still meanwhile, so the caller times them.
 */
export default {
  async fetch(request: Request): Promise<Response> {
    switch (new URL(request.url).pathname) {
      case "/isolate":
        return new Response("ready");
      case "/runtime":
        await createSession(identity());
        return new Response("ready");
      case "/session":
        await loaded();
        return new Response("ready");
      default:
        return await infer(request);
    }
  },
};

let loading: Promise<PeerModel> | undefined;

function loaded(): Promise<PeerModel> {
  loading ??= createSession(new Uint8Array(model)).then((session) => peerModel(session, ort.Tensor));
  return loading;
}

/** workerd compiles no WASM from bytes: ONNX Runtime's own loading is answered with the module of this isolate. */
async function createSession(bytes: Uint8Array): Promise<ort.InferenceSession> {
  const instantiate = async (_bytes: unknown, imports: WebAssembly.Imports): Promise<unknown> => ({
    module: ortWasm,
    instance: new WebAssembly.Instance(ortWasm, imports),
  });
  Object.defineProperty(WebAssembly, "instantiate", { value: instantiate, configurable: true });
  ort.env.wasm.wasmBinary = new ArrayBuffer(8);
  ort.env.wasm.numThreads = 1;
  return await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
}

function identity(): Uint8Array {
  const shape = [1];
  return writeModel({
    opset: 13,
    inputs: [{ name: "x", datatype: "FP32", shape }],
    outputs: [{ name: "y", datatype: "FP32", shape }],
    nodes: [{ op: "Identity", inputs: ["x"], outputs: ["y"] }],
  });
}

async function infer(request: Request): Promise<Response> {
  const plain = await loaded();
  const call = await decodeBody(request, plain.signature);
  const tensors = await plain.run(call);
  const outputs = tensors.map((tensor) => ({ tensor, binary: true }));
  const { body } = encodeAnswer({ modelName: "plain", modelVersion: "1", id: call.id }, outputs);
  return new Response(body, { headers: { "Content-Length": String(body.byteLength) } });
}
