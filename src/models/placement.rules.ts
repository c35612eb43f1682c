import { ISOLATE_MEMORY_BYTES } from "../../engine/contract.ts";
import type { OnnxFile } from "../../engine/onnx-file.ts";
import type { Inspection } from "../../engine/signature.ts";

/** Nodes that one inference in an isolate may run: creating the session alone takes seconds beyond that. */
const MAX_NODE_RUNS = 10_000;

/** What a run may take natively, in microseconds, to be worth an isolate: ONNX Runtime Web is 1.4 to 5.9 times slower. */
const MAX_NATIVE_RUN_MICROS = 2_000;

/**
 * Why a model can't be held by an isolate even before it is loaded, or undefined.
 *
 * The isolate holds the files and ONNX Runtime's heap, and the heap holds the weights again: twice the files at the least.
 */
export function tooLargeToLoad(sizeBytes: number): string | undefined {
  if (2 * sizeBytes <= ISOLATE_MEMORY_BYTES) return undefined;
  return (
    `The model has ${sizeBytes} bytes. An isolate has ${ISOLATE_MEMORY_BYTES} bytes for it and ONNX Runtime's copy ` +
    `of its weights, so ${ISOLATE_MEMORY_BYTES / 2} bytes are the most that it can serve.`
  );
}

/** Why a loaded model can't be held by an isolate, or undefined. Both figures are measured, in bytes. */
export function tooLargeToRun(sizeBytes: number, heapBytes: number): string | undefined {
  if (sizeBytes + heapBytes <= ISOLATE_MEMORY_BYTES) return undefined;
  return (
    `Once it has run, the model takes ${sizeBytes + heapBytes} bytes (files ${sizeBytes}, ONNX Runtime's heap ${heapBytes}); ` +
    `an isolate has ${ISOLATE_MEMORY_BYTES}.`
  );
}

/**
 * What in a file forbids to run it in an isolate, a sentence each.
 *
 * Nothing stops a run there but the platform's CPU limit, and on a machine of one's own nothing at all.
 */
export function reasonsAgainstIsolate(file: OnnxFile): string[] {
  if (file.nodeRuns <= MAX_NODE_RUNS) return [...file.unbounded];
  return [...file.unbounded, `One inference runs ${file.nodeRuns} nodes; in an isolate ${MAX_NODE_RUNS} are the most.`];
}

/** Why a model that could run in an isolate is better run in the container, or undefined. */
export function reasonForContainer({ trial }: Inspection): string | undefined {
  if (trial.outcome !== "ran" || trial.runMicros <= MAX_NATIVE_RUN_MICROS) return undefined;
  return `A run takes ${trial.runMicros} µs natively; beyond ${MAX_NATIVE_RUN_MICROS} µs the container is faster.`;
}
