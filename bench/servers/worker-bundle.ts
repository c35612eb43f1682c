import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { promisify } from "node:util";

const ROOT = join(import.meta.dirname, "../..");
const WRANGLER = join(ROOT, "node_modules/wrangler/bin/wrangler.js");

/** How workerd is to take each file of a bundle. */
const MODULE_TYPES = {
  ".js": "ESModule",
  ".wasm": "CompiledWasm",
  ".txt": "Text",
  ".md": "Text",
} as const;

/** A module of a Worker, as Miniflare takes it. */
export interface WorkerModule {
  readonly type: (typeof MODULE_TYPES)[keyof typeof MODULE_TYPES];
  readonly path: string;
}

/**
 * Build a Worker as a deployment would: wrangler bundles it with what wrangler.toml says, the engine before it.
 *
 * @param entry     relative to the checkout
 * @param checkout  the repository, or a copy of it
 */
export async function bundleWorker(entry: string, directory: string, checkout = ROOT): Promise<void> {
  const args = [WRANGLER, "deploy", entry, "--dry-run", "--outdir", directory];
  const environment = { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "true" };
  await promisify(execFile)(process.execPath, args, { cwd: checkout, env: environment });
}

/** The modules of a Worker that was bundled into this directory, the entry's first. */
export async function bundledModules(entry: string, directory: string): Promise<WorkerModule[]> {
  const main = `${basename(entry, ".ts")}.js`;
  const files = (await readdir(directory)).filter((file) => file !== "README.md" && file !== main);
  return [main, ...files].flatMap((file) => {
    const type = typeOf(extname(file));
    return type === undefined ? [] : [{ type, path: join(directory, file) }];
  });
}

function typeOf(extension: string): WorkerModule["type"] | undefined {
  const types: Readonly<Record<string, WorkerModule["type"]>> = MODULE_TYPES;
  return types[extension];
}
