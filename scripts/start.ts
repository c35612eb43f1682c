import { mkdir } from "node:fs/promises";
import { containerToken } from "../src/shared/derived-keys.ts";
import { buildEngine } from "./build-engine.ts";
import { keepContainer } from "./start/container.ts";
import { Failure } from "./start/failure.ts";
import { HELP, type StartOptions, readOptions } from "./start/options.ts";
import { type Quickstart, runQuickstart } from "./start/quickstart.ts";
import { done, say } from "./start/screen.ts";
import { ensureSecret } from "./start/secrets.ts";
import { HOST, type LocalWorker, applyMigrations, requireFreePort, startWorker } from "./start/worker.ts";

/** workerd on this machine evicts no isolate by itself; so many of some 100 MB each may live at a time. */
const MAX_LIVE_ISOLATES = "16";

async function main(options: StartOptions): Promise<void> {
  if (options.help) {
    say(HELP);
    return;
  }
  say("Tensorgate\n");
  await requireFreePort(options.port);
  await mkdir(options.devDirectory, { recursive: true });
  await buildEngine();
  done("engine built");
  const adminToken = await ensureSecret("ADMIN_TOKEN");
  const masterKey = await ensureSecret("MASTER_KEY");
  await applyMigrations(options.stateDirectory);
  done("database migrated");
  const origin = `http://${HOST}:${options.port}`;
  const stopping = new AbortController();
  const environment = { CONTAINER_TOKEN: containerToken(masterKey) };
  const container = await keepContainer({ modelOrigin: origin, environment }, stopping.signal);
  try {
    done(`container backend ready at ${container.url}`);
    const worker = await startWorker(options, {
      PUBLIC_ORIGIN: origin,
      CONTAINER_URL: container.url,
      MAX_LIVE_ISOLATES,
      EMAIL_DELIVERY: "outbox",
    });
    stopWithSignals(worker, stopping);
    await useWorker(worker, adminToken, options);
  } finally {
    stopping.abort();
    await container.stop();
  }
}

async function useWorker(worker: LocalWorker, adminToken: string, options: StartOptions): Promise<void> {
  try {
    done(`Worker ready at ${worker.baseUrl}`);
    showWays(await runQuickstart(worker.baseUrl, adminToken, options.devDirectory));
    if (!options.once) await serve(worker);
  } finally {
    await worker.stop();
  }
}

function stopWithSignals(worker: LocalWorker, stopping: AbortController): void {
  const stop = async (): Promise<void> => {
    stopping.abort();
    await worker.stop();
    process.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void stop());
  }
}

async function serve(worker: LocalWorker): Promise<void> {
  say(`\n  Serving on ${worker.baseUrl} (log: ${worker.logFile}). Ctrl-C ends it.`);
  await worker.ended;
  throw new Failure("The Worker has ended.", `Its log says why: ${worker.logFile}`);
}

function showWays({ baseUrl, apiKey, model }: Quickstart): void {
  const request = '{"inputs":[{"name":"measurements","shape":[1,4],"datatype":"FP32","data":[6.7,3.0,5.2,2.3]}]}';
  say(`
  Go on with:

    export TENSORGATE_URL=${baseUrl} TENSORGATE_API_KEY=${apiKey}
    curl $TENSORGATE_URL/v2/models/${model}/infer -H "Authorization: Bearer $TENSORGATE_API_KEY" \\
      -H "Content-Type: application/json" -d '${request}'
    curl $TENSORGATE_URL/v2/models/${model} -H "Authorization: Bearer $TENSORGATE_API_KEY"
    curl "$TENSORGATE_URL/v1/usage?group_by=model" -H "Authorization: Bearer $TENSORGATE_API_KEY"

  Every route: ${baseUrl}/openapi.json
  E-mails that would be sent: ${baseUrl}/dev/outbox`);
}

try {
  await main(readOptions(process.argv.slice(2), process.env));
} catch (error) {
  if (error instanceof Failure) process.stderr.write(`\n  ✗ ${error.message}\n    ${error.remedy}\n`);
  else process.stderr.write(`\n  ✗ ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
}
