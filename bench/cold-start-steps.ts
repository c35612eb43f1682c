import type { Finding } from "./benchmark.ts";
import { httpRequest } from "./http-connection.ts";
import { median } from "./measure.ts";
import type { BenchModel } from "./models/model.ts";
import { progress } from "./progress.ts";
import { type Column, formatTable } from "./report.ts";
import { binaryRequest } from "./requests.ts";
import { startPlainLoader } from "./servers/plain-loader.ts";
import { timeExchange } from "./time-exchange.ts";
import type { Workshop } from "./workshop.ts";

/** The steps of bench/worker/plain-isolate.ts, and what each adds to those before it. */
const STEPS = [
  { path: "isolate", head: "create the isolate" },
  { path: "runtime", head: "start ONNX Runtime" },
  { path: "session", head: "load the model" },
  { path: "infer", head: "first run" },
] as const;

/** The forms in which bench/worker/plain-loader.ts hands ONNX Runtime's WASM over. */
const FORMS = ["bytes", "module"] as const;

interface Standing {
  readonly form: string;
  /** In the order of STEPS. */
  readonly medianMs: readonly number[];
}

/** Where a plain program spends its cold start: each step is a request of its own, with some 0.3 ms for its way. */
export async function coldStartSteps(model: BenchModel, isolates: number, workshop: Workshop): Promise<Finding> {
  progress(`cold-start: the steps of ${isolates} plain isolates of ${model.name} each`);
  const server = await startPlainLoader(`steps-${model.name}`, model, workshop);
  const { headers, body } = binaryRequest(model);
  const takenMs = FORMS.map((): number[][] => []);
  for (let number = 0; number <= isolates; number++) {
    for (const [index, form] of FORMS.entries()) {
      const stepsMs: number[] = [];
      for (const { path } of STEPS) {
        const request = httpRequest("POST", `/${form}/${number}/${path}`, headers, body);
        stepsMs.push(await timeExchange(server, request));
      }
      if (number > 0) takenMs[index]?.push(stepsMs); // the first one also wakes the Worker
    }
  }
  const standings = FORMS.map((form, index) => ({ form, medianMs: mediansOf(takenMs[index] ?? []) }));
  const title = `The steps of a plain program's cold start (${model.name}), ms, ${isolates} fresh isolates each`;
  return { title, table: tableOf(standings), figures: { unit: "ms", steps: STEPS, standings } };
}

function mediansOf(isolatesMs: readonly (readonly number[])[]): number[] {
  return STEPS.map((_, step) => median(isolatesMs.map((stepsMs) => stepsMs[step])) ?? Number.NaN);
}

function tableOf(standings: readonly Standing[]): string {
  const heads = [...STEPS.map(({ head }) => head), "together"];
  const columns: Column[] = [
    { head: "WASM as", align: "left" },
    ...heads.map((head) => ({ head, align: "right" as const })),
  ];
  const rows = standings.map(({ form, medianMs }) => {
    const together = medianMs.reduce((sum, ms) => sum + ms, 0);
    return [form, ...[...medianMs, together].map((ms) => ms.toFixed(1))];
  });
  return formatTable(columns, rows);
}
