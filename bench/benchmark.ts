import { type Comparison, compare } from "./measure.ts";
import type { BenchOptions } from "./options.ts";
import { tableOf } from "./report.ts";
import type { Workshop } from "./workshop.ts";

/** What a benchmark works with. */
export interface Setting {
  readonly workshop: Workshop;
  readonly options: BenchOptions;
}

/** What a benchmark found: a table for people, and the figures behind it for programs. */
export interface Finding {
  readonly title: string;
  readonly table: string;
  readonly figures: object;
}

/** Gives each finding as soon as it has it. */
export type Benchmark = (setting: Setting) => AsyncIterable<Finding>;

/** A benchmark of rates: contenders that answer requests, in turns. */
export function comparing(prepare: (setting: Setting) => Promise<Comparison[]>): Benchmark {
  return async function* compareAll(setting) {
    const { rounds, seconds } = setting.options;
    for (const comparison of await prepare(setting)) {
      const standings = await compare(comparison, { rounds, ms: seconds * 1000 });
      const { title, unit } = comparison;
      yield { title, table: tableOf(comparison, standings), figures: { unit, standings } };
    }
  };
}
