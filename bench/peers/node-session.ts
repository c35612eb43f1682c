/** Run by bench/servers/node-peer.ts: for each message `{ ms }`, runs the model for so long and sends what it measured. */
import { readFile } from "node:fs/promises";
import { decodeRequest } from "../../engine/decode.ts";
import { percentile } from "../measure.ts";
import { loadPeer } from "./session.ts";

const [, , runtime = "", file = "", request = ""] = process.argv;
const model = await loadPeer(runtime, file);
const call = decodeRequest(await readFile(request), undefined, model.signature);

async function sample(ms: number) {
  const latenciesMs: number[] = [];
  const cpuBefore = process.cpuUsage();
  const begin = performance.now();
  for (let started = begin; started < begin + ms;) {
    started = performance.now();
    await model.run(call);
    latenciesMs.push(performance.now() - started);
  }
  const seconds = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  latenciesMs.sort((one, other) => one - other);
  return {
    perSecond: latenciesMs.length / seconds,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
    cpuMicros: (user + system) / latenciesMs.length,
  };
}

process.on("message", (message: { ms: number }) => {
  sample(message.ms).then(
    (taken) => process.send?.(taken),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.once("disconnect", () => process.exit()); // when the benchmark has ended, however it ended
