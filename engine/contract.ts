/** Headers between the Worker and what runs a model; none of them reaches a caller. */
export const ENGINE_HEADERS = {
  modelName: "tensorgate-model-name",
  modelVersion: "tensorgate-model-version",
  /** On the answer: size of the request's body as it was read, in bytes. */
  bytesIn: "tensorgate-bytes-in",
  /** On the answer: what the run itself took, in microseconds; 0 where the platform stops the clock between I/O. */
  runMicros: "tensorgate-run-micros",
  /** On the answer: how long the request waited for its turn, in microseconds. */
  queueMicros: "tensorgate-queue-micros",
  /** On the answer, as "1": the model was loaded for this request. */
  coldStart: "tensorgate-cold-start",
} as const;

/** Headers with which the Worker tells the container what a model is. */
export const CONTAINER_HEADERS = {
  /** On a request: base64url of the JSON that container/model-source.ts reads. */
  modelSource: "tensorgate-model-source",
  /** On a request: how long a run may take, in milliseconds. */
  runLimitMs: "tensorgate-run-limit-ms",
  /** On every answer of the container, as "1": it tells one from that of a proxy before it. */
  container: "tensorgate-container",
} as const;

/** The protocol's own header: how many bytes of a body are JSON, where binary tensors follow it. */
export const INFERENCE_HEADER_LENGTH = "Inference-Header-Content-Length";

/** The largest request body that is read, in bytes: 32 MiB, a quarter of an isolate's memory. */
export const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** The largest answer that is written, in bytes: 32 MiB. */
export const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

/** What Cloudflare gives an isolate, in bytes: 128 MiB. The model's files and ONNX Runtime's heap share it. */
export const ISOLATE_MEMORY_BYTES = 128 * 1024 * 1024;
