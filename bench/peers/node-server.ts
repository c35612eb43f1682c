/** Run by bench/servers/node-peer.ts: a plain HTTP server with one model, which sends its port when it is ready. */
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import type { Tensor } from "onnxruntime-web/wasm";
import { loadSession, readFeeds } from "./session.ts";

const [, , file = ""] = process.argv;
const session = await loadSession(file);

async function answer(body: Buffer): Promise<string> {
  const results = await session.run(readFeeds(body.toString()));
  const outputs = Object.entries(results).map(([name, tensor]) => describe(name, tensor));
  return JSON.stringify({ model_name: "mnist", model_version: "1", outputs });
}

function describe(name: string, { dims, data }: Tensor) {
  return { name, datatype: "FP32", shape: dims, data: Array.from<unknown>(data) };
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const text = await answer(await buffer(request));
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) }).end(text);
}

const server = createServer((request, response) => {
  handle(request, response).catch((error: unknown) => response.destroy(new Error("The run failed.", { cause: error })));
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  process.send?.({ port: address.port });
});
process.once("disconnect", () => process.exit()); // when the benchmark has ended, however it ended
