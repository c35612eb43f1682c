/** `node scripts/conformance-report.ts OUT.md REPORT.json…`: the stretches of a long conformance run as one page. */
import { readFileSync, writeFileSync } from "node:fs";

import { writeMarkdown } from "./conformance/markdown.ts";
import type { ConformanceReport } from "./conformance/report.ts";
import { readVersions } from "./conformance/versions.ts";

const [output, ...files] = process.argv.slice(2);
if (output === undefined || files.length === 0) {
  console.error("usage: node scripts/conformance-report.ts OUT.md REPORT.json… (as --json has written them)");
  process.exitCode = 2;
} else {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by --json of this same runner
  const reports = files.map((file) => JSON.parse(readFileSync(file, "utf8")) as ConformanceReport);
  writeFileSync(output, writeMarkdown(reports, readVersions()));
}
