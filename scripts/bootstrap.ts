import { z } from "zod";
import { type UserId, isId } from "../src/shared/ids.ts";
import { commandOf, execute } from "./bootstrap/database.ts";
import { type BootstrapOptions, readArguments, usage } from "./bootstrap/options.ts";
import { LINK_MS, type Wish, appointment, inspection, newToken } from "./bootstrap/statements.ts";
import { runCommand } from "./shared/command.ts";
import { done, say, warn } from "./start/screen.ts";

const foundSchema = z.tuple([
  z.object({
    operators: z.number(),
    account: z
      .string()
      .transform((json): unknown => JSON.parse(json))
      .pipe(
        z.object({
          id: z.string().refine((id): id is UserId => isId("usr", id)),
          verified: z.number(),
          status: z.string(),
        }),
      )
      .nullable(),
  }),
]);

async function bootstrap(options: BootstrapOptions): Promise<number> {
  if (options.dryRun) return showCommands(options);
  const { email, name, place, force } = options;
  const [{ operators, account }] = foundSchema.parse(await execute(place, inspection(email)));
  if (operators > 0 && !force) {
    warn(
      `There ${operators === 1 ? "is an operator" : `are ${operators} operators`} already. --force makes one more, or another link.`,
    );
    return 1;
  }
  if (account && account.status !== "active") {
    warn(`The account of ${email} is ${account.status}; reinstate it first, or take another address.`);
    return 1;
  }
  const known = account ? { id: account.id, isVerified: account.verified === 1 } : undefined;
  const token = newToken();
  await execute(place, appointment({ email, name, account: known }, token, Date.now()));
  done(`${email} is an operator${account ? ", with the account that was there" : ""}`);
  showLink(options.origin, token);
  return 0;
}

/** What a run would do to an empty database, with a token that nobody keeps. */
function showCommands({ email, name, place }: BootstrapOptions): number {
  const wish: Wish = { email, name, account: undefined };
  for (const statements of [inspection(email), appointment(wish, newToken(), Date.now())]) {
    say(`${["npx wrangler", ...commandOf(place, statements).map(quoted)].join(" ")}\n`);
  }
  say("Nothing was run.");
  return 0;
}

function quoted(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function showLink(origin: string, token: string): void {
  const callback = encodeURIComponent("/reset-password");
  say(`
  Set the password, once, within ${LINK_MS / 60_000} minutes:

    ${origin}/auth/reset-password/${token}?callbackURL=${callback}

  or without a browser:

    curl ${origin}/auth/reset-password -H "Origin: ${origin}" -H "Content-Type: application/json" \\
      -d '{"token": "${token}", "newPassword": "…"}'

  Who has the link has the platform: give it to nobody else. Then switch a second factor on.`);
}

await runCommand({ name: "bootstrap", usage }, readArguments(process.argv.slice(2), process.env), bootstrap);
