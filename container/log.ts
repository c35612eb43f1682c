import type { ContainerConfig } from "./config.ts";

type Fields = Readonly<Record<string, string | number>>;

/** One JSON line an event, on standard error. Nobody puts a tensor, a URL or the token into it. */
export class Log {
  readonly #level: ContainerConfig["log"];

  constructor(level: ContainerConfig["log"]) {
    this.#level = level;
  }

  info(event: string, fields: Fields = {}): void {
    if (this.#level === "info") write("info", event, fields);
  }

  error(event: string, fields: Fields = {}): void {
    if (this.#level !== "silent") write("error", event, fields);
  }
}

function write(level: string, event: string, fields: Fields): void {
  process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), level, event, ...fields })}\n`);
}
