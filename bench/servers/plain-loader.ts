import { httpRequest } from "../http-connection.ts";
import type { BenchModel } from "../models/model.ts";
import { timeExchange } from "../time-exchange.ts";
import type { Workshop } from "../workshop.ts";
import { startLoaderWorker } from "./loader-worker.ts";
import type { BenchServer } from "./server.ts";

/** The plain Worker Loader program of bench/worker/plain-loader.ts, with the model stored. */
export async function startPlainLoader(name: string, model: BenchModel, workshop: Workshop): Promise<BenchServer> {
  const program = { worker: "plain-loader.ts", isolate: "plain-isolate.ts" };
  const server = await startLoaderWorker(name, program, workshop);
  await timeExchange(server, httpRequest("PUT", "/", {}, model.bytes));
  return server;
}
