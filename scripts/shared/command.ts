/** What scripts do around their work: they show their help, name mistakes in the command line, and end with an exit code. */
import { faultMessage } from "../conformance/fault.ts";

/** What a command line asks for. */
export type Command<Options> =
  | { readonly kind: "run"; readonly options: Options }
  | { readonly kind: "help" }
  | { readonly kind: "invalid"; readonly reason: string };

/** A script of package.json: its name there, and its help. */
interface Script {
  readonly name: string;
  readonly usage: string;
}

/** Do what the command line asks for. The exit code is what `run` returns; 0 after the help; 2 where nothing could be run. */
export async function runCommand<Options>(
  script: Script,
  command: Command<Options>,
  run: (options: Options) => Promise<number>,
): Promise<void> {
  try {
    process.exitCode = await obey(script, command, run);
  } catch (error) {
    console.error(`The run could not be done: ${faultMessage(error)}`);
    process.exitCode = 2;
  }
}

async function obey<Options>(
  { name, usage }: Script,
  command: Command<Options>,
  run: (options: Options) => Promise<number>,
): Promise<number> {
  switch (command.kind) {
    case "run":
      return await run(command.options);
    case "help":
      console.log(usage);
      return 0;
    case "invalid":
      console.error(`${command.reason}. Options: npm run ${name} -- --help`);
      return 2;
  }
}
