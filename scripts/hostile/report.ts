/** What became of each hostile model and of the other tenant, as a table. */
import type { Step } from "./attack.ts";
import type { HostileFile } from "./manifest.ts";
import { type NeighbourCall, summarize } from "./neighbour.ts";
import { describeStep } from "./verdict.ts";

/** One model's end. */
export interface FileResult {
  readonly file: HostileFile;
  readonly steps: readonly Step[];
  /** The other tenant's calls that were due meanwhile. */
  readonly calls: readonly NeighbourCall[];
  readonly faults: readonly string[];
}

/** All of a run. */
export interface HostileReport {
  readonly results: readonly FileResult[];
  readonly notRun: readonly HostileFile[];
  /** The other tenant's calls before the first model. */
  readonly alone: readonly NeighbourCall[];
  readonly leftovers: readonly string[];
}

function took(steps: readonly Step[], name: string): string {
  const found = steps.filter((step) => step.name.startsWith(name));
  return found.map((step) => `${describeStep(step)} (${step.tookMs} ms)`).join(", ") || "–";
}

/** What failed in a run, one line each; none where it succeeded. */
export function listFaults({ results, notRun, leftovers }: HostileReport): string[] {
  const faults = results.flatMap(({ file, faults: found }) => found.map((fault) => `${file.file}: ${fault}`));
  const neighbour = results.flatMap(({ file, calls }) =>
    summarize(calls).faults.map((fault) => `${file.file}: the other tenant's call: ${fault}`),
  );
  return [...faults, ...neighbour, ...notRun.map(({ file }) => `${file}: was not run`), ...leftovers];
}

/** The table of the run, in Markdown, one line each. */
export function describeResults({ results, alone }: HostileReport): string[] {
  const rows = results.map(({ file, steps, calls, faults }) => {
    const { p50Ms, maxMs } = summarize(calls);
    const verdict = faults.length === 0 ? "yes" : "**no**";
    const upload = took(steps, "upload");
    return `| ${file.file} | ${file.expect} | ${upload} | ${took(steps, "infer")} | ${p50Ms} / ${maxMs} | ${verdict} |`;
  });
  const before = summarize(alone);
  const during = summarize(results.flatMap(({ calls }) => calls));
  return [
    "| file | expected | upload | inference | other tenant, p50 / max ms | as expected |",
    "|---|---|---|---|---|---|",
    ...rows,
    "",
    `The other tenant alone: ${alone.length} calls, p50 ${before.p50Ms} ms, max ${before.maxMs} ms.`,
    `Beside the hostile models: ${results.flatMap(({ calls }) => calls).length} calls, p50 ${during.p50Ms} ms, max ${during.maxMs} ms, ` +
      `${during.faults.length} failed.`,
  ];
}
