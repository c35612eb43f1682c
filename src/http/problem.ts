import type { Context, TypedResponse } from "hono";
import type { AppEnv } from "./context.ts";
import { PROBLEMS, type ProblemCode, type StatusOf } from "./problems.ts";

/** The body of every answer that is not a success. */
export type ProblemBody = {
  /** Where the problem is explained, relative to the API. */
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  request_id: string;
  /** On /v2 only: the protocol's own error member, equal to `detail`. */
  error?: string;
};

/** What a problem says beyond its code. */
export interface ProblemOptions {
  /** Further members that tell where the fault is and what was expected. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Answer with a problem.
 *
 * @param detail  a sentence for the person who will fix it: what is wrong, where, and what to do
 * @see RFC 9457; the Open Inference Protocol V2 asks for the string member `error` on its own routes
 */
export function problem<C extends ProblemCode>(
  c: Context<AppEnv>,
  code: C,
  detail: string,
  options: ProblemOptions = {},
): Response & TypedResponse<ProblemBody, StatusOf<C>, "json"> {
  const { status, title } = PROBLEMS[code];
  const body: ProblemBody = {
    type: `/errors/${code}`,
    title,
    status,
    detail,
    code,
    request_id: c.var.requestId,
    ...(c.req.path === "/v2" || c.req.path.startsWith("/v2/") ? { error: detail } : {}),
    ...options.members,
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Hono's `c.json` forgets which status the code has
  return c.json(body, status, {
    ...options.headers,
    "Content-Type": "application/problem+json",
  }) as Response & TypedResponse<ProblemBody, StatusOf<C>, "json">;
}
