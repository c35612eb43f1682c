/** What bench/servers/loader-worker.ts gives to a Worker. */
export interface LoaderBindings extends Pick<Env, "LOADER" | "MODELS"> {
  /** The program of its isolates, bundled. */
  readonly ISOLATE_CODE: string;
  /** ONNX Runtime's WASM as bytes; compiled, it is the module `ort.wasm`. */
  readonly ORT_WASM_BYTES: ArrayBuffer;
}
