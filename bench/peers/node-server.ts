/**
 * Run by bench/servers/node-peer.ts: a plain HTTP server with one model, which sends its port when it is ready.
 *
 * The codec is the engine's own, so that a comparison tells of the path and not of two parsers.
 */
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { INFERENCE_HEADER_LENGTH } from "../../engine/contract.ts";
import { decodeRequest } from "../../engine/decode.ts";
import { encodeAnswer } from "../../engine/encode.ts";
import { loadPeer } from "./session.ts";

const [, , runtime = "", file = ""] = process.argv;
const model = await loadPeer(runtime, file);

/** By events, which cost a fraction of what `for await` or node:stream/consumers do. */
async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
  request.on("error", reject);
  const { buffer, byteOffset, byteLength } = await promise;
  return new Uint8Array(buffer, byteOffset, byteLength); // a Buffer's own slice() would copy nothing
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request);
  const header = request.headers[INFERENCE_HEADER_LENGTH.toLowerCase()];
  const call = decodeRequest(body, header === undefined ? undefined : Number(header), model.signature);
  const tensors = await model.run(call);
  const outputs = tensors.map((tensor, index) => ({ tensor, binary: call.outputs[index]?.binary ?? false }));
  const answer = encodeAnswer({ modelName: "peer", modelVersion: "1", id: call.id }, outputs);
  response.writeHead(200, {
    "Content-Type": answer.jsonBytes === undefined ? "application/json" : "application/octet-stream",
    "Content-Length": answer.body.byteLength,
    ...(answer.jsonBytes !== undefined && { [INFERENCE_HEADER_LENGTH]: answer.jsonBytes }),
  });
  response.end(answer.body);
}

const server = createServer((request, response) => {
  handle(request, response).catch((error: unknown) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    response.writeHead(500, { "Content-Length": Buffer.byteLength(text) }).end(text);
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  process.send?.({ port: address.port });
});
process.once("disconnect", () => process.exit()); // when the benchmark has ended, however it ended
