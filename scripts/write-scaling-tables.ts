import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withTables } from "../bench/scaling/named-table.ts";
import { scalingTables } from "../bench/scaling/scaling-tables.ts";

/** Compute the tables of docs/scaling.md anew and put them there, after a price, an input or a rule has changed. */
const document = join(import.meta.dirname, "../docs/scaling.md");
await writeFile(document, withTables(await readFile(document, "utf8"), scalingTables()));
