/** Whether an attack went as its model's expectation and the rules for every answer want it. */
import { z } from "zod";

import type { Step } from "./attack.ts";
import { faultOfUsage } from "./counted.ts";
import { parseJson } from "./inputs.ts";
import { type HostileFile, isEndless } from "./manifest.ts";

/** What a model may fill an answer about itself with, in characters: a description of 2 MiB must not come back. */
const MAX_ANSWER_LENGTH = 64 * 1024;

const problemSchema = z.object({ code: z.string(), detail: z.string().min(1), status: z.int() });

/** The status of a step, and the problem's code where there is one: `201`, `422 model-rejected`, `no answer`. */
export function describeStep({ answer }: Step): string {
  if (answer.kind === "failed") return `no answer (${answer.reason})`;
  const problem = answer.status < 400 ? undefined : problemSchema.safeParse(parseJson(answer.text)).data;
  return problem === undefined ? String(answer.status) : `${answer.status} ${problem.code}`;
}

/** What is wrong with an answer whatever the model is; undefined where nothing is. */
function faultOfAnswer(step: Step, file: HostileFile): string | undefined {
  const { name, answer } = step;
  if (answer.kind === "failed") return `${name}: ${describeStep(step)}`;
  if (answer.status >= 500) {
    return answer.status === 504 && isEndless(file) ? undefined : `${name}: ${describeStep(step)}`;
  }
  if (answer.text.length > MAX_ANSWER_LENGTH) return `${name}: answered ${answer.text.length} characters`;
  if (answer.status === 204) return undefined;
  const json = parseJson(answer.text);
  if (answer.status < 400) return json === undefined ? `${name}: ${answer.status} without JSON` : undefined;
  const problem = problemSchema.safeParse(json);
  const isProblem = problem.success && problem.data.status === answer.status;
  return isProblem ? undefined : `${name}: ${answer.status} without a problem document`;
}

function statusOf(step: Step | undefined): number | undefined {
  return step?.answer.kind === "answered" ? step.answer.status : undefined;
}

/** What is wrong with where the attack ended; undefined where nothing is. */
function faultOfEnd(steps: readonly Step[], file: HostileFile): string | undefined {
  const upload = steps.find(({ name }) => name === "upload");
  const isTaken = statusOf(upload) === 201;
  const inferences = steps.filter(({ name }) => name.startsWith("infer"));
  const areInferred = inferences.length > 0 && inferences.every((step) => statusOf(step) === 200);
  const [first] = inferences;
  const again = inferences.find(({ name }) => name === "infer again");
  if (statusOf(first) !== statusOf(again)) return "answered the same request with another status the second time";
  const hostile = inferences.filter(({ name }) => name === "infer large" || name === "infer big");
  const worst = hostile.length === 0 ? inferences : hostile;
  switch (file.expect) {
    case "reject":
      return isTaken ? "was accepted at upload" : undefined;
    case "accept":
      if (!isTaken) return "was not accepted at upload";
      return areInferred ? undefined : "was accepted, but not inferred";
    case "either":
      return undefined;
    case "run-or-reject":
      return isTaken && !areInferred ? "was accepted, but not inferred" : undefined;
    case "stop":
      return isTaken && worst.some((step) => statusOf(step) === 200) ? "was not stopped" : undefined;
    case "time-out":
      if (!isTaken || statusOf(first) !== 200) return "was not inferred with ones";
      return worst.every((step) => describeStep(step) === "504 run-timed-out") ? undefined : "was not ended in time";
  }
}

/** Everything that is wrong with an attack, one sentence each. */
export function findFaults(steps: readonly Step[], file: HostileFile, modelName: string): string[] {
  const answers = steps.map((step) => faultOfAnswer(step, file));
  const faults = [...answers, faultOfEnd(steps, file), faultOfUsage(steps, modelName)];
  return faults.filter((fault) => fault !== undefined);
}
