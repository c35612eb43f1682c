/** D1 as wrangler reaches it, on this machine or in the deployment. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { z } from "zod";
import type { Place } from "./options.ts";

const answerSchema = z.array(z.object({ results: z.array(z.record(z.string(), z.unknown())) }));

/** The words of the command that runs these statements, all in one go. */
export function commandOf(place: Place, statements: string): string[] {
  const where = place.kind === "remote" ? ["--remote"] : ["--local", "--persist-to", place.state];
  return ["d1", "execute", "DB", ...where, "--json", "--command", statements];
}

/**
 * Run statements.
 *
 * @returns the rows of the first
 * @throws Error with what wrangler said
 */
export async function execute(place: Place, statements: string): Promise<Record<string, unknown>[]> {
  const child = spawn("wrangler", commandOf(place, statements), {
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "true" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [said, warned] = ["", ""];
  child.stdout.on("data", (chunk) => (said += String(chunk)));
  child.stderr.on("data", (chunk) => (warned += String(chunk)));
  await once(child, "close");
  if (child.exitCode !== 0) throw new Error(`wrangler d1 execute failed: ${explain(`${said}${warned}`.trim())}`);
  return answerSchema.parse(JSON.parse(said))[0]?.results ?? [];
}

function explain(said: string): string {
  if (!said.includes("no such table")) return said;
  return "the database has no tables yet; `npm start` makes them here, `wrangler d1 migrations apply DB --remote` there";
}
