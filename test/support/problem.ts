import { expect } from "vitest";
import { z } from "zod";
import { PROBLEMS, type ProblemCode } from "../../src/http/problems.ts";

const shape = z.looseObject({ detail: z.string().min(1), request_id: z.string() });

/**
 * Expect an answer to be this problem, in the form that every problem has (RFC 9457).
 *
 * @returns its body, for what is particular to it
 */
export async function expectProblem(response: Response, status: number, code: ProblemCode) {
  const text = await response.text();
  expect(`${response.status} ${text}`).toMatch(new RegExp(`^${status} .*"code":"${code}"`, "s"));
  expect(response.headers.get("Content-Type")).toBe("application/problem+json");
  const body = shape.parse(JSON.parse(text));
  const { title } = PROBLEMS[code];
  expect(body).toMatchObject({ type: `/errors/${code}`, title, status, code });
  expect(body.request_id).toBe(response.headers.get("X-Request-Id"));
  return body;
}
