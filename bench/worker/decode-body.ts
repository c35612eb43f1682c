import { INFERENCE_HEADER_LENGTH } from "../../engine/contract.ts";
import { type InferenceCall, decodeRequest } from "../../engine/decode.ts";
import type { Signature } from "../../engine/signature.ts";

/** Read and decode a request wherever this runs, in a Worker or in an isolate that it has loaded. */
export async function decodeBody(request: Request, signature: Signature): Promise<InferenceCall> {
  const header = request.headers.get(INFERENCE_HEADER_LENGTH);
  const body = new Uint8Array(await request.arrayBuffer());
  return decodeRequest(body, header === null ? undefined : Number(header), signature);
}
