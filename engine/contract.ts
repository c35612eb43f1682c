/** Headers between the Worker and what runs a model; none of them reaches a caller. */
export const ENGINE_HEADERS = {
  modelName: "tensorgate-model-name",
  modelVersion: "tensorgate-model-version",
  /** On the answer: size of the request's body as it was read, in bytes. */
  bytesIn: "tensorgate-bytes-in",
} as const;

/** The protocol's own header: how many bytes of a body are JSON, where binary tensors follow it. */
export const INFERENCE_HEADER_LENGTH = "Inference-Header-Content-Length";

/** The largest request body that is read, in bytes: 32 MiB, a quarter of an isolate's memory. */
export const MAX_BODY_BYTES = 32 * 1024 * 1024;
