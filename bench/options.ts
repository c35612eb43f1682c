import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

/** What a run is told. */
export interface BenchOptions {
  /** Names of the benchmarks to run; all when empty. */
  readonly only: readonly string[];
  readonly rounds: number;
  /** Length of one sample. */
  readonly seconds: number;
  /** Where models stand that are not ours to ship. */
  readonly dataDirectory: string;
  readonly help: boolean;
}

const DATA_DIRECTORY = join(import.meta.dirname, "../../shared/data/onnx");

export const HELP = `npm run bench -- [options]

Measures contenders against each other, in turns, and prints medians and their ratios.

  --only NAME    only this benchmark; may be given more than once
  --rounds N     samples of each contender at each level (5); cold-start takes four fresh isolates a round
  --seconds N    length of one sample, where rates are sampled (1)
  --data DIR     models that are not ours to ship: DIR/real/<model>/model.onnx (../shared/data/onnx beside the repository)
  --help         print this

Results also go to bench/results/<date-time>.json.`;

/**
 * Read the command line, without node and the script.
 *
 * @throws Error with a sentence for who typed it
 */
export function readOptions(args: readonly string[], names: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string", multiple: true, default: [] },
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "1" },
      data: { type: "string", default: DATA_DIRECTORY },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  for (const name of values.only) {
    if (!names.includes(name)) throw new Error(`There is no benchmark "${name}"; there are ${names.join(", ")}.`);
  }
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds takes an integer ≥ 1, not ${values.rounds}.`);
  const seconds = Number(values.seconds);
  if (!(seconds > 0 && seconds <= 60)) throw new Error(`--seconds takes 0 to 60, not ${values.seconds}.`);
  return { only: values.only, rounds, seconds, dataDirectory: resolve(values.data), help: values.help };
}
