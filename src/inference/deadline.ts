/** What was waited for took longer than it may. */
export class DeadlinePassed extends Error {}

/**
 * Call something that can be aborted, and give it up after a time.
 *
 * An answer that comes late is thrown away too: a runtime that blocks its thread holds this timer up with it.
 *
 * @throws DeadlinePassed
 */
export async function within(limitMs: number, call: (signal: AbortSignal) => Promise<Response>): Promise<Response> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), limitMs);
  const startedMs = performance.now();
  try {
    const response = await call(deadline.signal);
    if (performance.now() - startedMs <= limitMs) return response;
    await response.body?.cancel();
    throw new DeadlinePassed(`No answer within ${limitMs} ms.`);
  } catch (error) {
    throw deadline.signal.aborted ? new DeadlinePassed(`No answer within ${limitMs} ms.`) : error;
  } finally {
    clearTimeout(timer);
  }
}
