import { progress } from "./progress.ts";

/** One measurement of one contender at one level. */
export interface Sample {
  readonly perSecond: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** Processor time of the server per request, in microseconds. */
  readonly cpuMicros?: number;
}

/** What is measured. */
export interface Contender {
  readonly name: string;
  /** Keep this many requests under way for this long. */
  sample(inFlight: number, ms: number): Promise<Sample>;
}

/** Contenders that are measured in turns, and what is being asked. The first one is what the others are held against. */
export interface Comparison {
  readonly title: string;
  readonly unit: string;
  readonly levels: readonly number[];
  readonly contenders: readonly Contender[];
}

/** One contender at one level: the medians of its samples, and its rate in relation to the first contender's. */
export interface Standing {
  readonly contender: string;
  readonly inFlight: number;
  readonly median: Sample;
  readonly ratio: number;
  readonly samples: readonly Sample[];
}

/** How long and how often to measure. */
export interface Effort {
  readonly rounds: number;
  readonly ms: number;
}

/**
 * Measure all contenders round by round, back and forth, so that what slows the machine for a while slows all of them.
 *
 * Each contender runs once before the first round, and that does not count.
 */
export async function compare(comparison: Comparison, effort: Effort): Promise<Standing[]> {
  const { contenders, levels } = comparison;
  progress(`${comparison.title}: warming up`);
  for (const contender of contenders) await contender.sample(Math.max(...levels), effort.ms);
  const standings: Standing[] = [];
  for (const inFlight of levels) {
    progress(`${comparison.title}: ${inFlight} in flight`);
    standings.push(...(await compareAt(contenders, inFlight, effort)));
  }
  return standings;
}

async function compareAt(contenders: readonly Contender[], inFlight: number, effort: Effort): Promise<Standing[]> {
  const samples = new Map<Contender, Sample[]>(contenders.map((contender) => [contender, []]));
  for (let round = 0; round < effort.rounds; round++) {
    const turns = round % 2 === 0 ? contenders : contenders.toReversed();
    for (const contender of turns) samples.get(contender)?.push(await contender.sample(inFlight, effort.ms));
  }
  const medians = [...samples].map(([contender, taken]) => ({ contender: contender.name, taken, of: medianOf(taken) }));
  const first = medians[0]?.of.perSecond ?? Number.NaN;
  return medians.map(({ contender, taken, of }) => ({
    contender,
    inFlight,
    median: of,
    ratio: of.perSecond / first,
    samples: taken,
  }));
}

function medianOf(samples: readonly Sample[]): Sample {
  const p50Ms = median(samples.map((sample) => sample.p50Ms));
  const p99Ms = median(samples.map((sample) => sample.p99Ms));
  const cpuMicros = median(samples.map((sample) => sample.cpuMicros));
  return {
    perSecond: median(samples.map((sample) => sample.perSecond)) ?? Number.NaN,
    ...(p50Ms !== undefined && { p50Ms }),
    ...(p99Ms !== undefined && { p99Ms }),
    ...(cpuMicros !== undefined && { cpuMicros }),
  };
}

/** The middle one, or the mean of the middle two; undefined when any value is missing. */
export function median(values: readonly (number | undefined)[]): number | undefined {
  const sorted = values.filter((value) => value !== undefined).toSorted((one, other) => one - other);
  if (sorted.length === 0 || sorted.length < values.length) return undefined;
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

/** The nearest-rank percentile of numbers in ascending order. */
export function percentile(ascending: readonly number[], share: number): number {
  return ascending[Math.max(0, Math.ceil(ascending.length * share) - 1)] ?? Number.NaN;
}
