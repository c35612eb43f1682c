import { availableParallelism, tmpdir, totalmem } from "node:os";
import * as z from "zod";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** What this machine, or the container that is its bound, has of memory, in bytes. */
const memoryBytes = Math.min(totalmem(), process.constrainedMemory() || Infinity);
const cores = availableParallelism();

const bytes = (least: number): z.ZodType<number> => z.coerce.number().int().min(least);
const count = (least: number): z.ZodType<number> => z.coerce.number().int().min(least);

const environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  HOST: z.string().min(1).default("127.0.0.1"),
  CONTAINER_TOKEN: z.string().min(32, "must have 32 characters or more, shared with the Worker and nobody else"),
  MODEL_ORIGIN: z
    .string("must name the Worker's origin, such as https://api.example.com; several are separated by commas")
    .transform((text) => text.split(",").map((origin) => origin.trim()))
    .pipe(z.array(z.string().refine(isOrigin, "must hold origins alone, such as https://api.example.com"))),
  MODEL_CACHE_BYTES: bytes(MIB).default(4 * GIB),
  MODEL_CACHE_DIRECTORY: z.string().min(1).default(tmpdir()),
  MAX_PROCESSES: count(1).default(cores + 2),
  MAX_PROCESSES_PER_MODEL: count(1).default(cores),
  MAX_QUEUE: count(1).default(256),
  MAX_QUEUE_BYTES: bytes(MIB).default(clamp(Math.floor(memoryBytes / 8), 64 * MIB, GIB)),
  RUN_MEMORY_BYTES: bytes(128 * MIB).default(clamp(Math.floor(memoryBytes / 4), 512 * MIB, 2 * GIB)),
  POOL_MEMORY_BYTES: bytes(128 * MIB).default(Math.floor((memoryBytes * 3) / 4)),
  LOAD_LIMIT_MS: count(1).default(60_000),
  LOG: z.enum(["info", "error", "silent"]).default("info"),
  CONTAINER_PARENT_WATCH: z.enum(["0", "1"]).default("0"),
});

/** What the server needs to know, parsed; units are in the names. */
export interface ContainerConfig {
  /** 0: any free port. */
  readonly port: number;
  readonly host: string;
  readonly token: string;
  /** The only origins from which model files are fetched. */
  readonly modelOrigins: readonly string[];
  readonly modelCacheBytes: number;
  readonly modelCacheDirectory: string;
  readonly maxProcesses: number;
  readonly maxProcessesPerModel: number;
  /** Requests in the server at once, running ones included. */
  readonly maxQueue: number;
  /** The bodies of those, together. */
  readonly maxQueueBytes: number;
  /** Resident memory of one worker process. */
  readonly runMemoryBytes: number;
  /** Resident memory of all worker processes, above which idle ones are ended. */
  readonly poolMemoryBytes: number;
  readonly loadLimitMs: number;
  readonly log: "info" | "error" | "silent";
  /** Whether the server ends itself when its standard input closes. */
  readonly watchParent: boolean;
}

/**
 * Read the configuration from the environment, once.
 *
 * @throws Error  naming each variable at fault and what it must be
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): ContainerConfig {
  const parsed = environment.safeParse(env);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => `${path[0]?.toString() ?? ""}: ${message}`);
    throw new Error(`The container cannot start.\n${faults.join("\n")}`);
  }
  const values = parsed.data;
  return {
    port: values.PORT,
    host: values.HOST,
    token: values.CONTAINER_TOKEN,
    modelOrigins: values.MODEL_ORIGIN,
    modelCacheBytes: values.MODEL_CACHE_BYTES,
    modelCacheDirectory: values.MODEL_CACHE_DIRECTORY,
    maxProcesses: values.MAX_PROCESSES,
    maxProcessesPerModel: Math.min(values.MAX_PROCESSES_PER_MODEL, values.MAX_PROCESSES),
    maxQueue: values.MAX_QUEUE,
    maxQueueBytes: values.MAX_QUEUE_BYTES,
    runMemoryBytes: values.RUN_MEMORY_BYTES,
    poolMemoryBytes: values.POOL_MEMORY_BYTES,
    loadLimitMs: values.LOAD_LIMIT_MS,
    log: values.LOG,
    watchParent: values.CONTAINER_PARENT_WATCH === "1",
  };
}

function isOrigin(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
