import type { Finding, Setting } from "./benchmark.ts";
import { type Deployment, createModel, register, uploadVersion } from "./deployment.ts";
import { coldStartSteps } from "./cold-start-steps.ts";
import { httpRequest } from "./http-connection.ts";
import { median, percentile } from "./measure.ts";
import { mnist } from "./models/mnist.ts";
import type { BenchModel } from "./models/model.ts";
import { ultraface } from "./models/ultraface.ts";
import { progress } from "./progress.ts";
import { type Column, formatTable } from "./report.ts";
import { binaryRequest } from "./requests.ts";
import { startPlainLoader } from "./servers/plain-loader.ts";
import { timeExchange } from "./time-exchange.ts";
import type { BenchServer } from "./servers/server.ts";
import { restartWorker, startWorker } from "./servers/workerd.ts";
import { type Workshop, during } from "./workshop.ts";

const ENTRY = "src/index.ts";

/** Fresh isolates of each contender per round: 20 with five rounds. */
const ISOLATES_PER_ROUND = 4;

/** One way to a model's first answer: each number is another isolate that has not started yet. */
interface Way {
  readonly name: string;
  readonly server: BenchServer;
  request(number: number): Buffer;
}

/** From the first request to a version that no isolate runs yet until its answer, against a plain Worker Loader program. */
export async function* coldStartBenchmark({ workshop, options }: Setting): AsyncIterable<Finding> {
  for (const model of [mnist(), await ultraface(options.dataDirectory)]) {
    if (!model) continue;
    const isolates = options.rounds * ISOLATES_PER_ROUND;
    yield await during(workshop, async (inner) => await firstAnswers(model, isolates, inner));
    yield await during(workshop, async (inner) => await coldStartSteps(model, options.rounds, inner));
  }
}

async function firstAnswers(model: BenchModel, isolates: number, workshop: Workshop): Promise<Finding> {
  progress(`cold-start: deploying ${isolates + 1} versions of ${model.name}`);
  const ways = [await plainWay(model, workshop), await ourWay(model, isolates + 1, workshop)];
  progress(`cold-start: ${isolates} first answers of ${model.name} each`);
  const taken = new Map<Way, number[]>(ways.map((way) => [way, []]));
  for (let number = 0; number <= isolates; number++) {
    for (const way of number % 2 === 0 ? ways : ways.toReversed()) {
      const ms = await timeExchange(way.server, way.request(number));
      if (number > 0) taken.get(way)?.push(ms); // the first one also wakes what stands before the isolate
    }
  }
  const standings = [...taken].map(([{ name }, samplesMs]) => ({
    name,
    samplesMs,
    medianMs: median(samplesMs) ?? Number.NaN,
  }));
  const title = `The first answer of a version (${model.name}), ${isolates} fresh isolates each`;
  return { title, table: tableOf(standings), figures: { unit: "ms", standings } };
}

/** The model from R2, ONNX Runtime's WASM as bytes, the ONNX file as it came. */
async function plainWay(model: BenchModel, workshop: Workshop): Promise<Way> {
  const server = await startPlainLoader(`plain-${model.name}`, model, workshop);
  const { headers, body } = binaryRequest(model);
  return {
    name: "plain Worker Loader: WASM as bytes",
    server,
    request: (number) => httpRequest("POST", `/bytes/${number}/infer`, headers, body),
  };
}

/** Versions are deployed first, and then workerd starts anew, because an upload leaves its version's isolate warm. */
async function ourWay(model: BenchModel, versions: number, workshop: Workshop): Promise<Way> {
  const name = `Tensorgate-${model.name}`;
  const { key } = await during(workshop, async (inner) => {
    return await deployVersions(await startWorker(name, ENTRY, inner), model, versions);
  });
  const { headers, body } = binaryRequest(model);
  const withKey = { ...headers, Authorization: `Bearer ${key}` };
  return {
    name: "Tensorgate: authenticated, admitted, metered",
    server: await restartWorker(name, ENTRY, workshop),
    request: (number) => httpRequest("POST", `/v2/models/${model.name}/versions/${number + 1}/infer`, withKey, body),
  };
}

async function deployVersions(server: BenchServer, model: BenchModel, versions: number): Promise<Deployment> {
  const deployment = await register(server);
  await createModel(server, deployment, model);
  for (let version = 1; version <= versions; version++) {
    const upload = await uploadVersion(server, deployment, model);
    if (upload.kind === "refused") throw new Error(`${server.name} refuses ${model.name}: ${upload.reason}`);
  }
  return deployment;
}

function tableOf(standings: readonly { name: string; samplesMs: readonly number[]; medianMs: number }[]): string {
  const columns: Column[] = [
    { head: "contender", align: "left" },
    { head: "median ms", align: "right" },
    { head: "ratio", align: "right" },
    { head: "fastest ms", align: "right" },
    { head: "p90 ms", align: "right" },
  ];
  const firstMs = standings[0]?.medianMs ?? Number.NaN;
  const rows = standings.map(({ name, samplesMs, medianMs }) => {
    const ascending = samplesMs.toSorted((one, other) => one - other);
    const figures = [percentile(ascending, 0), percentile(ascending, 0.9)].map((ms) => ms.toFixed(1));
    return [name, medianMs.toFixed(1), (medianMs / firstMs).toFixed(2), ...figures];
  });
  return formatTable(columns, rows);
}
