import { type AdmissionState, type Refusal, refuseCaller } from "./admission.rules.ts";
import { type Credential, identify } from "./credentials.rules.ts";

/** Who listens to a tenant's live feed, as its socket remembers it while the cell sleeps. */
export interface Listener {
  readonly credential: Credential;
  /** Where from; empty when it is not known. */
  readonly address: string;
  /** The origin of the page that listens; undefined for the service's own, and where no page does. */
  readonly origin: string | undefined;
}

/** The header in which the Worker tells the cell who wants to listen: JSON of a {@link Listener}. */
export const LISTENER_HEADER = "Tensorgate-Listener";

/** The name of the limit on listeners at a time. */
const LISTENERS_POLICY = "live-listeners";

/**
 * Why somebody may not listen, or no longer.
 *
 * Other than reads, listening ends when the tenant is suspended: it goes on costing.
 *
 * @param others  how many listen besides, and were there first
 */
export function refuseListener(
  state: Pick<AdmissionState, "tenant" | "keyByHash" | "notBeforeMs">,
  listener: Listener,
  others: number,
  nowMs: number,
): Refusal | undefined {
  const caller = identify(state, listener.credential, nowMs);
  if ("kind" in caller) return caller;
  const refused = refuseCaller(state, caller, listener, ["usage:read"], false);
  if (refused) return refused;
  const { maxListeners } = state.tenant;
  return others < maxListeners ? undefined : { kind: "quota-exceeded", violated: [listenersState(maxListeners)] };
}

function listenersState(maxListeners: number) {
  return {
    policy: LISTENERS_POLICY,
    quota: maxListeners,
    unit: "listeners",
    windowSeconds: undefined,
    remaining: 0,
    resetMs: 1000,
  };
}
