import type { Clock } from "../shared/clock.ts";
import { CLOSED, type CircuitBreaker, afterCall, tryPass } from "./circuit-breaker.rules.ts";
import { DeadlinePassed } from "./deadline.ts";
import type { RunFailure } from "./run-outcome.ts";

/** Breakers of this isolate, by backend. Those that are closed and unharmed are not kept. */
const breakers = new Map<string, CircuitBreaker>();

/**
 * Call a backend through its circuit breaker.
 *
 * @param backend  what shares a fate: one instance of the container, one server of a tenant
 * @param call     answers with any status, or throws where the backend can't be reached
 * @param reached  whether an answer shows that the backend itself is well
 */
export async function callGuarded(
  backend: string,
  now: Clock,
  call: () => Promise<Response>,
  reached: (response: Response) => boolean,
): Promise<Response | RunFailure> {
  const pass = tryPass(breakers.get(backend) ?? CLOSED, now());
  if (!pass.passes) return unavailable("It has failed several times in a row", Math.ceil(pass.retryAfterMs / 1000));
  remember(backend, pass.breaker);
  try {
    const response = await call();
    note(backend, reached(response), now);
    return response;
  } catch (error) {
    note(backend, false, now);
    if (error instanceof DeadlinePassed) {
      const detail = "What runs the model did not answer in time; the call is not charged.";
      return { kind: "failed", code: "run-timed-out", detail, cause: error };
    }
    return { ...unavailable("It can't be reached", 1), cause: error };
  }
}

function unavailable(reason: string, retryAfterSeconds: number): RunFailure {
  const detail = `What runs the model is not available: ${reason}. The call is not charged; try again in ${retryAfterSeconds} s.`;
  return { kind: "failed", code: "backend-unavailable", detail, retryAfterSeconds };
}

function note(backend: string, reached: boolean, now: Clock): void {
  remember(backend, afterCall(breakers.get(backend) ?? CLOSED, reached, now()));
}

function remember(backend: string, breaker: CircuitBreaker): void {
  if (breaker === CLOSED) breakers.delete(backend);
  else breakers.set(backend, breaker);
}
