import { type Serving, type Traffic, withoutIdle } from "../admission/traffic.rules.ts";

/** All that decides what may serve callers who name no version. */
export interface ServingState {
  /** What serves now; undefined when nothing does. */
  readonly serving: Serving | undefined;
  /** What served before the last change. */
  readonly previous: Serving | null;
  readonly versions: readonly { readonly number: number; readonly retiredAtMs: number | null }[];
}

/** What is to serve from now on, and what is kept for the way back. */
export interface ServingChange {
  readonly kind: "changed";
  readonly serving: Serving | undefined;
  readonly previous: Serving | null;
}

/** Why what serves stays as it is. */
export type ServingRefusal =
  | { readonly kind: "version-not-found"; readonly version: number }
  | { readonly kind: "version-retired"; readonly version: number }
  | { readonly kind: "nothing-served" }
  | { readonly kind: "nothing-to-roll-back"; readonly gone: VersionGone | undefined };

/** A version that can't serve any more. */
type VersionGone = Extract<ServingRefusal, { kind: "version-not-found" | "version-retired" }>;

/** Let one version serve everybody. */
export function promoted(state: ServingState, version: number): ServingChange | ServingRefusal {
  return movedTo(state, { version, traffic: null });
}

/** Spread callers over versions by weight. The alias production stays where it is, so it must be somewhere. */
export function spread(state: ServingState, weights: Traffic): ServingChange | ServingRefusal {
  if (!state.serving) return { kind: "nothing-served" };
  const gone = goneOf(state.versions, Object.keys(weights).map(Number));
  return gone ?? movedTo(state, { version: state.serving.version, traffic: withoutIdle(weights) });
}

/** Let the alias production serve everybody again. */
export function gathered(state: ServingState): ServingChange | ServingRefusal {
  if (!state.serving) return { kind: "nothing-served" };
  return movedTo(state, { version: state.serving.version, traffic: null });
}

/** Let nothing serve callers who name no version. */
export function withdrawn(state: ServingState): ServingChange | ServingRefusal {
  if (!state.serving) return { kind: "nothing-served" };
  return { kind: "changed", serving: undefined, previous: state.serving };
}

/** Go back to what served before the last change. A second time undoes the first. */
export function rolledBack(state: ServingState): ServingChange | ServingRefusal {
  const { previous } = state;
  if (!previous) return { kind: "nothing-to-roll-back", gone: undefined };
  const gone = goneOf(state.versions, versionsOf(previous));
  return gone ? { kind: "nothing-to-roll-back", gone } : movedTo(state, previous);
}

/** Numbers of the versions that it takes. */
export function versionsOf({ version, traffic }: Serving): number[] {
  return [...new Set([version, ...Object.keys(traffic ?? {}).map(Number)])];
}

/** A change that changes nothing keeps the way back as it is: the same call may come twice. */
function movedTo(state: ServingState, serving: Serving): ServingChange | ServingRefusal {
  const gone = goneOf(state.versions, versionsOf(serving));
  if (gone) return gone;
  const isSame = state.serving !== undefined && sameServing(state.serving, serving);
  const previous = isSame ? state.previous : (state.serving ?? state.previous);
  return { kind: "changed", serving, previous };
}

/** The first of these versions that can't serve, or undefined when all can. */
export function goneOf(versions: ServingState["versions"], numbers: readonly number[]): VersionGone | undefined {
  for (const number of numbers) {
    const version = versions.find((candidate) => candidate.number === number);
    if (!version) return { kind: "version-not-found", version: number };
    if (version.retiredAtMs !== null) return { kind: "version-retired", version: number };
  }
  return undefined;
}

function sameServing(one: Serving, other: Serving): boolean {
  if (one.version !== other.version) return false;
  const [left, right] = [Object.entries(one.traffic ?? {}), new Map(Object.entries(other.traffic ?? {}))];
  return left.length === right.size && left.every(([number, weight]) => right.get(number) === weight);
}
