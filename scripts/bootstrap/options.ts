/** What the bootstrap is told, by the command line. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isEmailAddress } from "../../src/email/address.rules.ts";
import { faultMessage } from "../conformance/fault.ts";
import type { Command } from "../shared/command.ts";

/** Which D1: this machine's, under a directory, or that of the deployment. */
export type Place = { readonly kind: "local"; readonly state: string } | { readonly kind: "remote" };

export interface BootstrapOptions {
  readonly email: string;
  readonly name: string;
  readonly place: Place;
  /** Where the Worker is reached: the link leads there. */
  readonly origin: string;
  /** Also where there is an operator. */
  readonly force: boolean;
  readonly dryRun: boolean;
}

export const usage = `Make the first operator of the platform: an account without a password, and a link to set one, once, within an hour.

usage: npm run bootstrap -- --email ADDRESS [options]

  --email ADDRESS   whose account it is; one that is there already is used, with the password that it has
  --name NAME       what a new account is called (Operator)
  --state DIR       what "npm start -- --state DIR" was given (.wrangler/state)
  --remote          the deployment's D1 instead of this machine's; needs "wrangler login"
  --origin URL      where the Worker is reached (http://127.0.0.1:$PORT, or 8787); needed with --remote
  --force           also where there is an operator: one more, or another link
  --dry-run         print what would be run, and run nothing
  --help            print this

The link is printed here and nowhere else. Exit code: 0 done; 1 refused; 2 could not be done.`;

const flags = {
  email: { type: "string" },
  name: { type: "string", default: "Operator" },
  state: { type: "string" },
  remote: { type: "boolean", default: false },
  origin: { type: "string" },
  force: { type: "boolean", default: false },
  "dry-run": { type: "boolean", default: false },
  help: { type: "boolean", short: "h" },
} as const;

/** Read the command line (without node and the script); a mistake is a value with its reason. */
export function readArguments(args: readonly string[], environment: NodeJS.ProcessEnv): Command<BootstrapOptions> {
  try {
    return parse(args, environment);
  } catch (error) {
    return { kind: "invalid", reason: faultMessage(error) };
  }
}

function parse(args: readonly string[], environment: NodeJS.ProcessEnv): Command<BootstrapOptions> {
  const { values } = parseArgs({ args: [...args], options: flags });
  if (values.help === true) return { kind: "help" };
  const { force, remote, "dry-run": dryRun } = values;
  const email = (values.email ?? "").trim().toLowerCase();
  if (!isEmailAddress(email)) throw new Error(`--email takes an address like ada@example.com, not "${email}"`);
  const name = values.name.trim();
  if (name === "" || name.length > 100 || /\p{Cc}/u.test(name)) throw new Error("--name takes 1 to 100 characters");
  if (remote && values.state !== undefined) throw new Error("--state is for this machine, --remote for the deployment");
  const place: Place = remote
    ? { kind: "remote" }
    : { kind: "local", state: values.state ?? join(".wrangler", "state") };
  const origin = originFrom(
    values.origin ?? (remote ? "" : `http://127.0.0.1:${environment["PORT"] ?? "8787"}`),
    remote,
  );
  return { kind: "run", options: { email, name, place, origin, force, dryRun } };
}

function originFrom(text: string, remote: boolean): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOrigin = url !== undefined && url.pathname === "/" && url.search === "" && url.username === "";
  if (!isOrigin || !/^https?:$/.test(url.protocol) || (remote && url.protocol !== "https:")) {
    throw new Error(`--origin takes an origin like https://api.example.com, not "${text}"`);
  }
  return url.origin;
}
