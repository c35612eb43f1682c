import { randomBytes } from "node:crypto";
import { appendFile, readFile } from "node:fs/promises";

const FILE = ".dev.vars";

/**
 * A secret of this machine, from .dev.vars, where wrangler reads it too; made when there is none yet.
 *
 * Random on every machine: no default exists anywhere.
 */
export async function ensureSecret(name: "ADMIN_TOKEN" | "MASTER_KEY"): Promise<string> {
  const content = await readFile(FILE, "utf8").catch(() => "");
  const known = new RegExp(`^${name}\\s*=\\s*"?([^"\\n]+)"?\\s*$`, "m").exec(content)?.[1];
  if (known !== undefined) return known.trim();
  const secret = randomBytes(32).toString("hex");
  await appendFile(FILE, `${content === "" || content.endsWith("\n") ? "" : "\n"}${name}=${secret}\n`, { mode: 0o600 });
  return secret;
}
