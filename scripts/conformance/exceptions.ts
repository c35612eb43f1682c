/** Cases that are known to fail: the list excuses them, and the run holds the list to be true. */
import { readFileSync } from "node:fs";

import { z } from "zod";

import { faultMessage } from "./fault.ts";
import { forms, runtimes } from "./forms.ts";
import type { VectorResult } from "./folder-run.ts";

const exceptionSchema = z.strictObject({
  case: z.string().min(1),
  form: z.enum(forms).optional(),
  runtime: z.enum(runtimes).optional(),
  reason: z.string().min(1),
});

/** A case that fails for a reason that is not the server's; without `form` in each, without `runtime` wherever it runs. */
export type Exception = z.infer<typeof exceptionSchema>;

/** A list that cannot be read keeps the run from starting. */
export type ExceptionsReading =
  | { readonly kind: "exceptions"; readonly exceptions: readonly Exception[] }
  | { readonly kind: "unreadable"; readonly reason: string };

/** Read a list of exceptions from a JSON file. */
export function readExceptions(path: string): ExceptionsReading {
  try {
    const parsed = z.array(exceptionSchema).safeParse(JSON.parse(readFileSync(path, "utf8")));
    if (parsed.success) return { kind: "exceptions", exceptions: parsed.data };
    const problems = z.prettifyError(parsed.error).replaceAll(/\s+/g, " ");
    return { kind: "unreadable", reason: `${path} is no list of exceptions: ${problems}` };
  } catch (error) {
    return { kind: "unreadable", reason: `Cannot read ${path}: ${faultMessage(error)}` };
  }
}

function covers(exception: Exception, result: VectorResult): boolean {
  const { form = result.form, runtime = result.runtime } = exception;
  return exception.case === result.case && form === result.form && runtime === result.runtime;
}

/** Give each failure that an exception covers the exception's reason, as its excuse. */
export function excuse(results: readonly VectorResult[], exceptions: readonly Exception[]): VectorResult[] {
  return results.map((result) => {
    if (result.reason === undefined) return result;
    const found = exceptions.find((exception) => covers(exception, result));
    return found === undefined ? result : { ...result, excuse: found.reason };
  });
}

/**
 * The exceptions that no longer hold, each as a line of a report.
 *
 * One holds where in every form that it covers some vector of its case failed. Cases that did not run say nothing.
 */
export function findOutdated(results: readonly VectorResult[], exceptions: readonly Exception[]): string[] {
  return exceptions.flatMap((exception) => {
    const covered = results.filter((result) => covers(exception, result));
    const passing = forms.filter((form) => {
      const ofForm = covered.filter((result) => result.form === form);
      return ofForm.length > 0 && ofForm.every(({ reason }) => reason === undefined);
    });
    return passing.map((form) => `${exception.case} ${form}: passes, but is excused: ${exception.reason}`);
  });
}
