/**
 * The program of a worker process: one model, one run at a time, no network, no environment, an empty working directory.
 *
 * It waits for a command, does it and answers, without an event loop in between: blocking reads are the fastest way to hear
 * of work, and there is nothing else to do. A thread beside it ends the process when the server is gone, even in the middle
 * of a run that never ends.
 */
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { runInference } from "../../engine/inference.ts";
import type { LoadedModel } from "../../engine/model.ts";
import { readOnnxFile } from "../../engine/onnx-file.ts";
import { Refusal } from "../../engine/refusal.ts";
import { tryOut } from "../../engine/trial.ts";
import { loadModel } from "../native-runtime.ts";
import { BlockingChannel } from "./blocking-channel.ts";
import { CHANNEL_FD, type Command, type ModelFiles, type Reply } from "./messages.ts";

interface Done {
  readonly reply: Reply;
  readonly body: Uint8Array;
}

/** Ends the process when standard input closes: the server holds its other end and never writes. */
const LIFELINE = `
  try { require("node:fs").readSync(0, Buffer.alloc(1)); } catch {}
  process.kill(process.pid, "SIGKILL");
`;

const NOTHING = new Uint8Array();

let model: LoadedModel | undefined;
let emptyBytes = 0;
let loadedBytes = 0;

await live();

async function live(): Promise<void> {
  offerToOutOfMemoryKiller();
  const lifeline = new Worker(LIFELINE, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 8, stackSizeMb: 1 } });
  await once(lifeline, "online");
  const channel = new BlockingChannel(CHANNEL_FD);
  for (let frame = channel.read(); frame !== undefined; frame = channel.read()) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server writes nothing else
    const { reply, body } = await answerTo(frame.head as Command, frame.body);
    channel.write(reply, body);
  }
  await lifeline.terminate();
}

/** Where memory runs out for all, Linux ends this process before the server. */
function offerToOutOfMemoryKiller(): void {
  try {
    writeFileSync("/proc/self/oom_score_adj", "1000");
  } catch {
    // There is no such file but on Linux, and the limit of the server holds there too.
  }
}

async function answerTo(command: Command, body: Uint8Array): Promise<Done> {
  try {
    return await perform(command, body);
  } catch (error) {
    if (!(error instanceof Refusal)) return { reply: { kind: "fault", reason: String(error) }, body: NOTHING };
    const { code, detail, evidence } = error;
    return { reply: { kind: "refused", code, detail, evidence }, body: NOTHING };
  }
}

async function perform(command: Command, body: Uint8Array): Promise<Done> {
  switch (command.kind) {
    case "load":
      return { reply: await load(command.files), body: NOTHING };
    case "inspect":
      return { reply: await inspect(command.modelPath), body: NOTHING };
    case "warmup":
      await tryOut(requireModel());
      return { reply: { kind: "warm" }, body: NOTHING };
    case "infer": {
      const answer = await runInference(requireModel(), { ...command, body });
      return { reply: { kind: "answer", headers: answer.headers }, body: answer.body };
    }
  }
}

async function load(files: ModelFiles): Promise<Reply> {
  emptyBytes = process.memoryUsage.rss();
  const externalData = files.externalData.map(({ name, path }) => ({ path: name, data: readFileSync(path) }));
  model = await loadModel(readFileSync(files.model), externalData);
  // The files' bytes are in the session now, once more.
  globalThis.gc?.();
  loadedBytes = process.memoryUsage.rss();
  return { kind: "loaded", signature: model.signature };
}

async function inspect(modelPath: string): Promise<Reply> {
  const loaded = requireModel();
  const file = readOnnxFile(readFileSync(modelPath));
  const trial = await tryOut(loaded);
  const { signature, unsupportedOutputs } = loaded;
  const heapBytes = Math.max(0, loadedBytes - emptyBytes);
  const peakHeapBytes = Math.max(heapBytes, process.resourceUsage().maxRSS * 1024 - emptyBytes);
  return {
    kind: "inspected",
    inspection: { ...file, ...signature, unsupportedOutputs, heapBytes, peakHeapBytes, trial },
  };
}

function requireModel(): LoadedModel {
  if (model === undefined) throw new Error("No model is loaded.");
  return model;
}
