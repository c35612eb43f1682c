/** Whether the tenant's usage holds of a model what was answered: nobody pays for what was not inferred. */
import { z } from "zod";

import type { Step } from "./attack.ts";
import { parseJson } from "./inputs.ts";

/** What is charged, and what is not: refused for its content, or failed on the server's side. */
interface Counts {
  readonly inferences: number;
  readonly rejected: number;
  readonly failed: number;
}

const usageSchema = z.object({
  data: z.array(z.object({ model: z.string(), inferences: z.int(), rejected: z.int(), failed: z.int() })),
});

function inWords({ inferences, rejected, failed }: Counts): string {
  return `${inferences} inferences, ${rejected} rejected, ${failed} failed`;
}

function countAnswers(statuses: readonly number[]): Counts {
  const inferences = statuses.filter((status) => status < 400).length;
  const failed = statuses.filter((status) => status >= 500).length;
  return { inferences, failed, rejected: statuses.length - inferences - failed };
}

function countUsage(text: string, modelName: string): Counts | undefined {
  const usage = usageSchema.safeParse(parseJson(text));
  if (!usage.success) return undefined;
  const rows = usage.data.data.filter(({ model }) => model === modelName);
  const total = (figure: keyof Counts): number => rows.reduce((sum, row) => sum + row[figure], 0);
  return { inferences: total("inferences"), rejected: total("rejected"), failed: total("failed") };
}

/** How the usage of a model differs from its answers; undefined where it does not, or where an answer never came. */
export function faultOfUsage(steps: readonly Step[], modelName: string): string | undefined {
  const usage = steps.find(({ name }) => name === "usage")?.answer;
  const answers = steps.filter(({ name }) => name.startsWith("infer")).map(({ answer }) => answer);
  const statuses = answers.flatMap((answer) => (answer.kind === "answered" ? [answer.status] : []));
  if (usage?.kind !== "answered" || statuses.length < answers.length) return undefined;
  const counted = countUsage(usage.text, modelName);
  if (counted === undefined) return "usage: not in the shape that is known here";
  const [wanted, got] = [inWords(countAnswers(statuses)), inWords(counted)];
  return wanted === got ? undefined : `usage: counted ${got}, but answered ${wanted}`;
}
