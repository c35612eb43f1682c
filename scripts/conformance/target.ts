/** Which server to test: the command line, else the environment, else what `npm start` wrote down. */
import { readFileSync } from "node:fs";

import { z } from "zod";

import { send, type Target } from "./client.ts";

export type TargetResolution =
  | { readonly kind: "target"; readonly target: Target }
  | { readonly kind: "missing"; readonly reason: string };

const quickstartSchema = z.object({ baseUrl: z.string().optional(), apiKey: z.string().optional() });

function readQuickstart(path: string): z.infer<typeof quickstartSchema> {
  try {
    const parsed = quickstartSchema.safeParse(JSON.parse(readFileSync(path, "utf8")));
    return parsed.success ? parsed.data : {};
  } catch {
    // No file, or half of one: then nothing has been started.
    return {};
  }
}

const startFirst = 'run "npm start" first in another terminal';

/**
 * Find the server's address and API key, each for itself.
 *
 * @param environment     TENSORGATE_URL and TENSORGATE_API_KEY
 * @param quickstartPath  `.dev/quickstart.json`, which `npm start` writes
 */
export function resolveTarget(
  given: Partial<Target>,
  environment: Readonly<Record<string, string | undefined>>,
  quickstartPath: string,
): TargetResolution {
  const quickstart = readQuickstart(quickstartPath);
  const baseUrl = given.baseUrl ?? environment["TENSORGATE_URL"] ?? quickstart.baseUrl;
  const apiKey = given.apiKey ?? environment["TENSORGATE_API_KEY"] ?? quickstart.apiKey;
  if (baseUrl === undefined) {
    return { kind: "missing", reason: `No server: ${startFirst}, or give --base-url (TENSORGATE_URL).` };
  }
  if (apiKey === undefined) {
    return { kind: "missing", reason: `No API key: ${startFirst}, or give --api-key (TENSORGATE_API_KEY).` };
  }
  if (!URL.canParse(baseUrl)) return { kind: "missing", reason: `"${baseUrl}" is no URL.` };
  return { kind: "target", target: { baseUrl: baseUrl.replace(/\/+$/, ""), apiKey } };
}

/** Why the server cannot be reached, or undefined: any answer at all will do. */
export async function findUnreachable(target: Target): Promise<string | undefined> {
  const request = { method: "GET", path: "/v2/health/live", abortable: true } as const;
  const answer = await send(target, { ...request, interrupt: AbortSignal.timeout(15_000) });
  if (answer.kind === "answered") return undefined;
  return `Cannot reach ${target.baseUrl} (${answer.reason}): ${startFirst}, or give another --base-url.`;
}
