import { randomBytes } from "node:crypto";
import { appendFile, readFile } from "node:fs/promises";

const FILE = ".dev.vars";

/**
 * The operator's token of this machine, from .dev.vars, where wrangler reads it too; made when there is none yet.
 *
 * Random on every machine: no default token exists anywhere.
 */
export async function ensureAdminToken(): Promise<string> {
  const content = await readFile(FILE, "utf8").catch(() => "");
  const known = /^ADMIN_TOKEN\s*=\s*"?([^"\n]+)"?\s*$/m.exec(content)?.[1];
  if (known !== undefined) return known.trim();
  const token = randomBytes(32).toString("hex");
  await appendFile(FILE, `${content === "" || content.endsWith("\n") ? "" : "\n"}ADMIN_TOKEN=${token}\n`, {
    mode: 0o600,
  });
  return token;
}
