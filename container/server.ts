/**
 * The container's server: reads its environment, listens, and ends in order.
 *
 * On standard output it prints one line, `{"listening":PORT}`, once it takes requests.
 */
import { once } from "node:events";
import { Server } from "node:http";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type ServerType, serve } from "@hono/node-server";
import { createApp } from "./app.ts";
import { type ContainerConfig, readConfig } from "./config.ts";
import { MAX_RUN_LIMIT_MS } from "./contract.ts";
import { FileCache } from "./file-cache.ts";
import { Gate } from "./gate.ts";
import { localeEnvironment } from "./locale.ts";
import { Log } from "./log.ts";
import { Metrics } from "./metrics.ts";
import { ModelFileStore } from "./model-files.ts";
import { Models } from "./models.ts";
import { Room } from "./pool/room.ts";
import type { Services } from "./services.ts";

/** Signed URLs of many files of external data don't fit into Node's 16 KiB. */
const MAX_HEADER_BYTES = 128 * 1024;
/** Longer than those who call keep a connection, so that no request meets one that is being closed. */
const KEEP_ALIVE_MS = 75_000;
/** How long ending may take in all. */
const DRAIN_LIMIT_MS = MAX_RUN_LIMIT_MS + 10_000;
/** How long callers may take to read the last answers. */
const LAST_ANSWERS_MS = 5_000;

main();

function main(): void {
  let config: ContainerConfig;
  try {
    config = readConfig(process.env);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
    return;
  }
  start(config);
}

function start(config: ContainerConfig): void {
  const log = new Log(config.log);
  const cache = new FileCache(config.modelCacheDirectory, config.modelCacheBytes);
  const room = new Room(config, cache.emptyDirectory, localeEnvironment(dirname(cache.emptyDirectory)));
  const metrics = new Metrics();
  const around = { room, files: new ModelFileStore(cache), metrics, log, limits: config };
  const models = new Models(around);
  const gate = new Gate(config.maxQueue, config.maxQueueBytes);
  const services: Services = { config, around, models, gate, metrics, log };
  metrics.observe({
    waitingRequests: () => models.list().reduce((total, model) => total + model.queueLength, 0),
    processes: () => ({ busy: room.size - room.restingSize, resting: room.restingSize }),
    cacheBytes: () => cache.bytes,
  });
  const server = serve(
    {
      fetch: createApp(services).fetch,
      port: config.port,
      hostname: config.host,
      serverOptions: { maxHeaderSize: MAX_HEADER_BYTES, keepAliveTimeout: KEEP_ALIVE_MS },
    },
    ({ port }) => announce(port),
  );
  const end = endOnce(async (drainMs) => {
    log.info("draining");
    await Promise.race([gate.close(), delay(drainMs, undefined, { ref: false })]);
    await room.close();
    cache.destroy();
    await closed(server);
    log.info("ended");
  });
  const drain = (): void => end(DRAIN_LIMIT_MS);
  process.on("SIGTERM", drain).on("SIGINT", drain);
  // Nobody is left to ask or to be answered.
  const abandon = (): void => end(0);
  process.on("disconnect", abandon);
  if (config.watchParent) process.stdin.on("end", abandon).on("error", abandon).resume();
  process.on("exit", () => cache.destroy());
}

function announce(port: number): void {
  process.stdout.write(`${JSON.stringify({ listening: port })}\n`);
  process.send?.({ listening: port });
}

/** The same end, however many signals ask for it; the process exits with 0 after it, or with 1 when it fails. */
function endOnce(end: (drainMs: number) => Promise<void>): (drainMs: number) => void {
  let ending: Promise<void> | undefined;
  return (drainMs) => {
    ending ??= end(drainMs).then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(1);
      },
    );
  };
}

/** Close the server as soon as the last answer is written: a connection that stays open after it is of no use. */
async function closed(server: ServerType): Promise<void> {
  if (!(server instanceof Server)) throw new TypeError("The server speaks HTTP/1.1.");
  const isClosed = once(server, "close");
  server.close();
  const sweep = setInterval(() => server.closeIdleConnections(), 20);
  const cut = setTimeout(() => server.closeAllConnections(), LAST_ANSWERS_MS);
  await isClosed;
  clearInterval(sweep);
  clearTimeout(cut);
}
