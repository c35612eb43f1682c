/** `npm run rotate-keys -- --url URL`: have a deployment make the next key that signs its access tokens. */
import { parseArgs } from "node:util";
import { z } from "zod";

import { type Command, runCommand } from "./shared/command.ts";

interface Options {
  /** Where the deployment is reached. */
  readonly url: string;
  /** The operator's token, or an access token of the platform. */
  readonly token: string;
}

const USAGE = `npm run rotate-keys -- --url https://api.example.com [--token TOKEN]

Makes the next key that signs access tokens. It is published at once and signs ten minutes later; tokens of the key before
are believed for a day more. The deployment does the same by itself each month.

  --url    where the deployment is reached
  --token  the operator's token (ADMIN_TOKEN), or an access token of the platform with signing-keys:write:platform;
           else the variable ADMIN_TOKEN, which no list of processes shows`;

function readCommand(args: readonly string[]): Command<Options> {
  try {
    const options = { url: { type: "string" }, token: { type: "string" }, help: { type: "boolean" } } as const;
    const { values } = parseArgs({ args: [...args], options });
    if (values.help === true) return { kind: "help" };
    const token = values.token ?? process.env["ADMIN_TOKEN"] ?? "";
    if (values.url === undefined || !URL.canParse(values.url)) return { kind: "invalid", reason: "--url is no URL" };
    if (token === "") return { kind: "invalid", reason: "--token is missing, and so is ADMIN_TOKEN" };
    return { kind: "run", options: { url: values.url, token } };
  } catch (error) {
    return { kind: "invalid", reason: error instanceof Error ? error.message : String(error) };
  }
}

const keySchema = z.object({ kid: z.string(), signs_from: z.string() });

async function rotate({ url, token }: Options): Promise<number> {
  const headers = { Authorization: `Bearer ${token}`, "Idempotency-Key": `"${crypto.randomUUID()}"` };
  const response = await fetch(new URL("/admin/signing-keys/rotate", url), { method: "POST", headers });
  if (!response.ok) {
    console.error(`The deployment refused: ${response.status} ${await response.text()}`);
    return 1;
  }
  const { kid, signs_from: signsFrom } = keySchema.parse(await response.json());
  console.log(`The key ${kid} is published and signs from ${signsFrom}.`);
  return 0;
}

await runCommand({ name: "rotate-keys", usage: USAGE }, readCommand(process.argv.slice(2)), rotate);
