/** HTTP to a Tensorgate server: one request in, an answer or the reason why there is none out. */
import { setTimeout as sleep } from "node:timers/promises";

import { z } from "zod";

/** Where the server is, without a slash at the end, and the API key that it is asked with. */
export interface Target {
  readonly baseUrl: string;
  readonly apiKey: string;
}

/** `path` starts with a slash. `interrupt` ends a wait between attempts, and with `abortable` a request in flight. */
export interface ApiRequest {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: string | Uint8Array<ArrayBuffer> | FormData;
  readonly contentType?: string;
  /** How many bytes of the body are JSON, where binary tensors follow it. */
  readonly jsonBytes?: number | undefined;
  readonly interrupt?: AbortSignal | undefined;
  readonly abortable?: boolean;
}

/** What the server said: `text` is its JSON, `tail` the binary tensors behind it. */
export interface Answered {
  readonly kind: "answered";
  readonly status: number;
  readonly text: string;
  readonly tail: Uint8Array;
  readonly retryAfterMs: number;
}

/** A failed request is one that got no answer: the network, or the interrupt. */
export type Answer = Answered | { readonly kind: "failed"; readonly reason: string };

const maxWaits = 5;
const maxRetryAfterMs = 60_000;

/** Fetch says only "fetch failed": what failed is in the cause. */
function networkReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : error;
  // An attempt at several addresses (IPv4 and IPv6) fails with an AggregateError, whose message is empty.
  const code = "code" in cause ? String(cause.code) : "";
  return [code, cause.message].filter((part) => part !== "").join(": ") || error.message;
}

async function attempt(target: Target, request: ApiRequest): Promise<Answer> {
  const headers = new Headers({ Authorization: `Bearer ${target.apiKey}` });
  if (request.contentType !== undefined) headers.set("Content-Type", request.contentType);
  if (request.jsonBytes !== undefined) headers.set("Inference-Header-Content-Length", String(request.jsonBytes));
  try {
    const response = await fetch(`${target.baseUrl}${request.path}`, {
      method: request.method,
      headers,
      body: request.body ?? null,
      signal: request.abortable === true ? (request.interrupt ?? null) : null,
    });
    const retryAfterMs = Number(response.headers.get("Retry-After") ?? Number.NaN) * 1000;
    const bytes = new Uint8Array(await response.arrayBuffer());
    const jsonBytes = Number(response.headers.get("Inference-Header-Content-Length") ?? bytes.byteLength);
    const text = new TextDecoder().decode(bytes.subarray(0, jsonBytes));
    return { kind: "answered", status: response.status, text, tail: bytes.subarray(jsonBytes), retryAfterMs };
  } catch (error) {
    return { kind: "failed", reason: networkReason(error) };
  }
}

/**
 * Send a request; where the server asks to wait (429 with Retry-After of at most a minute), wait and send it again.
 *
 * A 429 is refused before anything happens, so repeating it is safe; a run of thousands of vectors meets every limit
 * of a small plan. After five waits the 429 is the answer.
 */
export async function send(target: Target, request: ApiRequest): Promise<Answer> {
  for (let waits = 0; ; waits += 1) {
    const answer = await attempt(target, request);
    const isLimited = answer.kind === "answered" && answer.status === 429 && answer.retryAfterMs <= maxRetryAfterMs;
    if (!isLimited || waits === maxWaits) return answer;
    try {
      await sleep(answer.retryAfterMs, undefined, request.interrupt === undefined ? {} : { signal: request.interrupt });
    } catch {
      return { kind: "failed", reason: "interrupted while waiting for a rate limit" };
    }
  }
}

const problemSchema = z.object({
  title: z.string().optional(),
  detail: z.string().optional(),
  error: z.string().optional(),
});

function problemDetail(text: string): string {
  try {
    const problem = problemSchema.safeParse(JSON.parse(text));
    if (problem.success) return problem.data.detail ?? problem.data.error ?? problem.data.title ?? text;
  } catch {
    // Not JSON: the text itself is all there is to show.
  }
  return text;
}

/** Why an answer is not the one that was wanted, on one line; undefined where it is. */
export function refusalReason(answer: Answer, wantedStatus: number): string | undefined {
  if (answer.kind === "failed") return answer.reason;
  if (answer.status === wantedStatus) return undefined;
  const detail = problemDetail(answer.text)
    .replaceAll(/[\s\p{Cc}]+/gu, " ")
    .trim()
    .slice(0, 400);
  return `answered ${answer.status} instead of ${wantedStatus}${detail === "" ? "" : `: ${detail}`}`;
}
