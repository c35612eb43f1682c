/** What a run does, drawn from its seed before it begins. */
import { type Random, randomStream, wholeBetween } from "./random.ts";

/** When and how a call is sent a second time, with the same key and body. */
export type Repeat =
  /** While the first is under way. */
  | { readonly kind: "in-flight"; readonly afterMs: number }
  /** After the first was answered. */
  | { readonly kind: "answered"; readonly afterMs: number }
  /** After the sender of the first has hung up. */
  | { readonly kind: "lost"; readonly hangUpAfterMs: number };

/** One call that its client wants answered and is ready to pay for once, with an idempotency key of its own. */
export interface PlannedCall {
  readonly index: number;
  /** The tenant's index. */
  readonly tenant: number;
  /** The index of what it asks; "nonsense" for what the model can't take, which is rejected when it has been admitted. */
  readonly question: number | "nonsense";
  readonly repeat: Repeat | undefined;
}

/** Something that happens to the server once so many calls have begun. */
export interface Blow {
  readonly atCall: number;
  /** `tenant` is whose cell is torn. */
  readonly what:
    | { readonly kind: "kill"; readonly afterMs: number }
    | { readonly kind: "evict"; readonly tenant: number };
}

export interface Plan {
  readonly calls: readonly PlannedCall[];
  /** In the order in which they fall. */
  readonly blows: readonly Blow[];
}

export interface PlanSize {
  readonly requests: number;
  readonly kills: number;
  readonly seed: number;
  /** How often each tenant is called, in relation to the others. */
  readonly weights: readonly number[];
  readonly questions: number;
}

/** One request in so many is a repeat. */
const REQUESTS_PER_REPEAT = 4;
const CALLS_PER_EVICTION = 250;
/** The share of calls that ask nonsense. */
const NONSENSE = 0.05;

/** Draw a run: `requests` in all, a quarter of them repeats, and blows all along. */
export function drawPlan(size: PlanSize): Plan {
  const repeats = Math.floor(size.requests / REQUESTS_PER_REPEAT);
  const calls = drawCalls(size, size.requests - repeats, repeats);
  return { calls, blows: drawBlows(size, calls.length) };
}

function drawCalls({ seed, weights, questions }: PlanSize, count: number, repeats: number): PlannedCall[] {
  const random = randomStream(seed, "calls");
  let repeatsLeft = repeats;
  return Array.from({ length: count }, (_, index) => {
    const isRepeated = random() * (count - index) < repeatsLeft;
    if (isRepeated) repeatsLeft -= 1;
    return {
      index,
      tenant: drawWeighted(random, weights),
      question: random() < NONSENSE ? "nonsense" : wholeBetween(random, 0, questions - 1),
      repeat: isRepeated ? drawRepeat(random) : undefined,
    };
  });
}

function drawRepeat(random: Random): Repeat {
  const kind = (["in-flight", "answered", "lost"] as const)[wholeBetween(random, 0, 2)];
  switch (kind) {
    case "in-flight":
      return { kind, afterMs: wholeBetween(random, 0, 20) };
    case "lost":
      return { kind, hangUpAfterMs: wholeBetween(random, 0, 50) };
    default:
      return { kind: "answered", afterMs: Math.floor(5_000 * random() ** 4) }; // most soon, some beyond a restart
  }
}

function drawWeighted(random: Random, weights: readonly number[]): number {
  let left = random() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [index, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return index;
  }
  return weights.length - 1;
}

/** Kills and evictions fall anywhere but at the very beginning and end, where too little is under way. */
function drawBlows({ seed, kills, weights }: PlanSize, calls: number): Blow[] {
  const random = randomStream(seed, "blows");
  const somewhere = (): number => wholeBetween(random, Math.floor(calls * 0.02), Math.floor(calls * 0.95));
  const killed = Array.from({ length: kills }, (): Blow => {
    return { atCall: somewhere(), what: { kind: "kill", afterMs: wholeBetween(random, 0, 50) } };
  });
  const evicted = Array.from({ length: Math.ceil(calls / CALLS_PER_EVICTION) }, (): Blow => {
    return { atCall: somewhere(), what: { kind: "evict", tenant: wholeBetween(random, 0, weights.length - 1) } };
  });
  return [...killed, ...evicted].toSorted((one, other) => one.atCall - other.atCall);
}
