import type { Finding, Setting } from "./benchmark.ts";
import { type Upload, createModel, register, uploadVersion } from "./deployment.ts";
import { mnist } from "./models/mnist.ts";
import type { BenchModel } from "./models/model.ts";
import { perceptron } from "./models/perceptron.ts";
import { transformer } from "./models/transformer.ts";
import { ultraface } from "./models/ultraface.ts";
import { progress } from "./progress.ts";
import { type Column, formatTable } from "./report.ts";
import { startWorker } from "./servers/workerd.ts";

interface Row {
  readonly model: BenchModel;
  readonly upload: Upload;
}

/** What models of several sizes and kinds take of an isolate, as the API tells it; a model that takes too much is refused. */
export async function* memoryBenchmark({ workshop, options }: Setting): AsyncIterable<Finding> {
  const server = await startWorker("Tensorgate", "src/index.ts", workshop);
  const deployment = await register(server);
  const models = [mnist(), await ultraface(options.dataDirectory), perceptron(20), perceptron(40), transformer()];
  const rows: Row[] = [];
  for (const model of models) {
    if (!model) continue;
    progress(`memory: uploading ${model.name}`);
    await createModel(server, deployment, model);
    rows.push({ model, upload: await uploadVersion(server, deployment, model) });
  }
  const figures = rows.map(({ model, upload }) => ({
    ...upload,
    model: model.name,
    fileBytes: model.bytes.byteLength,
  }));
  yield { title: "Memory of a model's isolate, MB", table: tableOf(rows), figures: { unit: "bytes", models: figures } };
}

function tableOf(rows: readonly Row[]): string {
  const columns: Column[] = [
    { head: "model", align: "left" },
    { head: "file", align: "right" },
    { head: "heap loaded", align: "right" },
    { head: "heap after a run", align: "right" },
    { head: "heap / file", align: "right" },
    { head: "", align: "left" },
  ];
  const reasons = rows.flatMap(({ model, upload }) =>
    upload.kind === "refused" ? [`${model.name} is refused: ${upload.reason}`] : [],
  );
  return [formatTable(columns, rows.map(rowOf)), ...reasons].join("\n\n");
}

function rowOf({ model, upload }: Row): string[] {
  const start = [model.name, megabytes(model.bytes.byteLength)];
  if (upload.kind === "refused") return [...start, "", "", "", "refused"];
  const { heapBytes, peakBytes } = upload;
  const ratio = (heapBytes / model.bytes.byteLength).toFixed(1);
  return [...start, megabytes(heapBytes), peakBytes === undefined ? "not told" : megabytes(peakBytes), ratio, "served"];
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e6 ? 3 : 1);
}
