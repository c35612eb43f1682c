import type { Setting } from "./benchmark.ts";
import { wholePath } from "./inference.bench.ts";
import type { Comparison } from "./measure.ts";
import { nothing, smallPerceptron } from "./models/small-perceptron.ts";
import { binaryRequest } from "./requests.ts";
import { startWorker } from "./servers/workerd.ts";

/**
 * What joining requests along axis 0 could gain at the most: a small perceptron against a model of the same input that does
 * nothing, since joined runs can't cost less than none.
 */
export async function batchingBenchmark({ workshop }: Setting): Promise<Comparison[]> {
  const server = await startWorker("Tensorgate", "src/index.ts", workshop);
  const contenders = [];
  for (const model of [smallPerceptron(), nothing()]) {
    const contender = await wholePath(server, model, binaryRequest(model));
    contenders.push({ ...contender, name: model.name });
  }
  const title = "The most that dynamic batching could gain: a small perceptron against no run at all";
  return [{ title, unit: "requests", levels: [8, 32], contenders }];
}
