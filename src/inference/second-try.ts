import type { Run, RunOutcome } from "./run-outcome.ts";

/**
 * Try a run once more when it failed on our side, and it can be repeated: its body is at hand where the call carries an
 * Idempotency-Key, and both tries are charged to the same entry. A run that took too long would take too long again.
 *
 * @param attempt  the number of the try, 0 or 1
 */
export async function withSecondTry(run: Run, attempt: (number: 0 | 1) => Promise<RunOutcome>): Promise<RunOutcome> {
  const first = await attempt(0);
  const isRepeatable = run.body === null || run.body instanceof Uint8Array;
  if (!isRepeatable || first.kind !== "failed" || first.code === "run-timed-out") return first;
  return await attempt(1);
}
