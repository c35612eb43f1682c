import { spawnSync } from "node:child_process";
import { buildEngine } from "./build-engine.ts";

/** Everything that must hold before a change lands, in the order in which it fails fastest. */
const STEPS: readonly (readonly [what: string, command: string, ...args: string[]])[] = [
  ["generated types are current", "wrangler", "types", "--check"],
  ["lint", "npm", "run", "--silent", "lint"],
  ["format", "oxfmt", "--check"],
  ["types of the Worker", "tsc", "-p", "tsconfig.worker.json"],
  ["types of the scripts", "tsc", "-p", "tsconfig.node.json"],
  ["dead code", "knip"],
  ["migrations are current", "drizzle-kit", "check"],
  ["tests", "vitest", "run"],
  ["dry-run deploy", "wrangler", "deploy", "--dry-run", "--outdir", "dist/worker"],
];

/** Files that git would show as changed or new. */
function dirtyFiles(): string {
  return spawnSync("git", ["status", "--porcelain"], { encoding: "utf8" }).stdout ?? "";
}

const before = dirtyFiles();
await buildEngine();
for (const [what, command, ...args] of STEPS) {
  process.stdout.write(`\n── ${what}\n`);
  const environment = { ...process.env, WRANGLER_SEND_METRICS: "false" };
  const { status, error } = spawnSync(command, args, { stdio: ["ignore", "inherit", "inherit"], env: environment });
  if (status === 0) continue;
  process.stderr.write(
    `\n✗ ${what}: ${error?.message ?? `${command} ${args.join(" ")} ended with ${String(status)}`}\n`,
  );
  process.exit(1);
}
if (dirtyFiles() !== before) {
  process.stderr.write(`\n✗ the checks changed the tree:\n${dirtyFiles()}`);
  process.exit(1);
}
process.stdout.write("\n✓ everything holds\n");
