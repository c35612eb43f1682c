import ortWasm from "ort.wasm";
import { IMAGE_SECTION, readRuntimeImage } from "./runtime-image.ts";

const PAGE_BYTES = 64 * 1024;

let memory: WebAssembly.Memory | undefined;

/** Size of ONNX Runtime's linear memory now, in bytes. It only ever grows. */
export function heapBytes(): number {
  return memory?.buffer.byteLength ?? 0;
}

/**
 * Make WASM ready for ONNX Runtime, before its first session.
 *
 * workerd compiles no WASM from bytes, so ONNX Runtime's own loading is answered with the module of this isolate. Its
 * initialisation, two thirds of a cold start, is answered with an image of its memory that was taken when the engine was
 * built, and lies in the WASM file beside the code: ONNX Runtime as it is before any model, and nothing of anybody.
 *
 * Its memory can't grow beyond the isolate's: a run that asks for more fails like any other, where the platform would end the
 * isolate, or, on a machine of one's own, take the memory of everybody else.
 */
export function prepareWasm(maxHeapBytes: number): void {
  const maxPages = Math.floor(maxHeapBytes / PAGE_BYTES);
  const Memory = class extends WebAssembly.Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super({ ...descriptor, maximum: Math.min(descriptor.maximum ?? maxPages, maxPages) });
    }
  };
  const instantiate = async (_bytes: unknown, imports: WebAssembly.Imports): Promise<unknown> => {
    const { exports } = new WebAssembly.Instance(ortWasm, imports);
    memory = Object.values(imports)
      .map(findMemory)
      .find((found) => found !== undefined);
    return { module: ortWasm, instance: { exports: memory ? initialised(exports, memory) : exports } };
  };
  Object.defineProperty(WebAssembly, "Memory", { value: Memory, configurable: true });
  Object.defineProperty(WebAssembly, "instantiate", { value: instantiate, configurable: true });
}

/** The same exports, but that initialising ONNX Runtime takes its result from the image. */
function initialised(exports: WebAssembly.Exports, wasmMemory: WebAssembly.Memory): WebAssembly.Exports {
  const [section] = WebAssembly.Module.customSections(ortWasm, IMAGE_SECTION);
  if (!section) throw new Error("ort.wasm holds no image of the initialised runtime.");
  const { initExport, endBytes, segments } = readRuntimeImage(new Uint8Array(section));
  const restore = (): number => {
    const missingBytes = endBytes - wasmMemory.buffer.byteLength;
    if (missingBytes > 0) wasmMemory.grow(Math.ceil(missingBytes / PAGE_BYTES));
    const heap = new Uint8Array(wasmMemory.buffer);
    for (const { offset, bytes } of segments) heap.set(bytes, offset);
    return 0;
  };
  return { ...exports, [initExport]: restore };
}

function findMemory(members: object): WebAssembly.Memory | undefined {
  return Object.values(members).find((member) => member instanceof WebAssembly.Memory);
}
