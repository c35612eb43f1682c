import { createHash } from "node:crypto";
import type { Context, Next } from "hono";
import { routePath } from "hono/route";
import { readStream } from "../../engine/body.ts";
import { Refusal } from "../../engine/refusal.ts";
import {
  type Held,
  type Idempotency,
  type KeptAnswers,
  type Repeated,
  UPLOAD_LEASE_MS,
  type WholeAnswer,
} from "../admission/claims.rules.ts";
import { logFault } from "../shared/log.ts";
import { pickHeaders } from "../shared/pick-headers.ts";
import { sha256 } from "../shared/sha256.ts";
import type { AppEnv } from "./context.ts";
import { isKept, readIdempotencyKey } from "./idempotency-key.rules.ts";
import { mediaTypeOf } from "./media-type.ts";
import { problem } from "./problem.ts";
import { refuseByEngine } from "./refusals.ts";

/** Methods that change nothing: the header means nothing on them. */
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/** The longest body that is read to tell a repetition from another request: as long as JSON may be. */
const MAX_HASHED_BYTES = 64 * 1024;

/** What an answer says in headers beside its body. Limits and the request's id are those of the repetition. */
const KEPT_HEADERS = ["Accept", "Cache-Control", "Content-Type", "ETag", "Last-Modified", "Location"];

/** Answers that have no body, not even an empty one (RFC 9110 section 15). */
const WITHOUT_BODY = new Set([204, 205, 304]);

/** The key that a request carries; undefined without one. What is no key is refused. */
export function idempotencyKey(c: Context<AppEnv>) {
  const read = readIdempotencyKey(c.req.header("Idempotency-Key"));
  if (read === "absent") return undefined;
  if (read !== "malformed") return read.key;
  return problem(c, "invalid-request", "Idempotency-Key: must be a quoted string of 1 to 255 printable characters.");
}

/** The route of a request as its template, so that a key means the same for all of the route's paths. */
export function routeOf(c: Context<AppEnv>): string {
  return `${c.req.method} ${routePath(c)}`;
}

/** What makes a request the same as another: its route, and a digest of its path, query and body. Undefined without a key. */
export async function readIdempotency(c: Context<AppEnv>): Promise<Idempotency | undefined | Response> {
  if (SAFE_METHODS.has(c.req.method)) return undefined;
  const key = idempotencyKey(c);
  if (key === undefined || key instanceof Response) return key;
  const { pathname, search } = new URL(c.req.url);
  const fingerprintOf = (body: readonly string[]): string => sha256(JSON.stringify([pathname, search, ...body]));
  if (isStreamed(c)) {
    return { key, route: routeOf(c), fingerprint: fingerprintOf(announced(c)), leaseMs: UPLOAD_LEASE_MS };
  }
  const hash = await hashBody(c);
  return hash instanceof Response ? hash : { key, route: routeOf(c), fingerprint: fingerprintOf([hash]) };
}

/** Whether the body is left to the route: too large to be held here, or a form, whose boundary is another with each sending. */
function isStreamed(c: Context<AppEnv>): boolean {
  return Number(c.req.header("Content-Length")) > MAX_HASHED_BYTES || mediaTypeOf(c) === "multipart/form-data";
}

/** What a streamed body says of itself. Two files of one length are told apart by their Content-Digest alone. */
function announced(c: Context<AppEnv>): string[] {
  return [mediaTypeOf(c) ?? "", c.req.header("Content-Length") ?? "", c.req.header("Content-Digest") ?? ""];
}

/** Read the body, and put it back for the route. */
async function hashBody(c: Context<AppEnv>): Promise<string | Response> {
  const { body } = c.req.raw;
  if (body === null) return "";
  try {
    const bytes = await readStream(body, MAX_HASHED_BYTES);
    c.req.raw = new Request(c.req.raw, { method: c.req.method, body: bytes });
    return createHash("sha256").update(bytes).digest("base64url");
  } catch (error) {
    if (error instanceof Refusal) return refuseByEngine(c, error);
    throw error;
  }
}

/**
 * Let the route answer, and keep what it answers before anybody sees it: who has seen an answer gets the same again.
 *
 * It goes on when its caller hangs up, so that who then comes again meets an answer and not a request that was cut off.
 */
export async function answerAndKeep(c: Context<AppEnv>, next: Next, answers: KeptAnswers, held: Held): Promise<void> {
  const kept = next().then(async () => await keep(c, answers, held));
  c.executionCtx.waitUntil(kept.catch(() => undefined));
  await kept;
}

/** Where it can't be kept, the caller gets it all the same, since it tells what has happened; the key is held until its lease ends. */
async function keep(c: Context<AppEnv>, answers: KeptAnswers, held: Held): Promise<void> {
  try {
    await answers.conclude(held, await wholeAnswer(c));
  } catch (error) {
    logFault("An answer could not be kept for its idempotency key.", {
      ...held,
      error: String(error),
      requestId: c.var.requestId,
    });
  }
}

/** What is to be given again; undefined where the same request may end otherwise, as one whose bytes did not arrive whole. */
async function wholeAnswer(c: Context<AppEnv>): Promise<WholeAnswer | undefined> {
  const { status, headers } = c.res;
  const isToKeep = isStreamed(c) ? c.res.ok : isKept(status);
  if (!isToKeep) return undefined;
  const body = new Uint8Array(await c.res.clone().arrayBuffer());
  return { status, headers: pickHeaders(headers, KEPT_HEADERS), body };
}

/** Answer as the first request with the key was answered. */
export async function answerAgain(answers: KeptAnswers, repeated: Repeated): Promise<Response> {
  const { status, headers, body } = await answers.recall(repeated);
  return new Response(WITHOUT_BODY.has(status) ? null : body, {
    status,
    headers: { ...headers, "Idempotent-Replayed": "true" },
  });
}
