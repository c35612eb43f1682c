import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, matchesGlob } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { boundaries } from "../../oxlint.boundaries.config.ts";
import { layers } from "./layers.examples.ts";
import { rooms } from "./rooms.examples.ts";

/** The part of oxlint's JSON report that is read here. `help` carries a boundary's message. */
interface Diagnostic {
  readonly code?: string;
  readonly help?: string;
  readonly filename: string;
  readonly labels: readonly { readonly span: { readonly line: number } }[];
}

const ROOT = join(import.meta.dirname, "../..");
const BINARIES = join(ROOT, "node_modules/.bin");

const CYCLE = {
  "src/ring/left.ts": 'import { right } from "./right.ts";\nexport const left = (): unknown => right;\n',
  "src/ring/right.ts": 'import { left } from "./left.ts";\nexport const right = (): unknown => left;\n',
  "src/ring/lower.ts": 'import type { Upper } from "./upper.ts";\nexport interface Lower {\n  upper: Upper;\n}\n',
  "src/ring/upper.ts": 'import type { Lower } from "./lower.ts";\nexport interface Upper {\n  lower: Lower;\n}\n',
  "src/ring/outside.ts": 'import { left } from "./left.ts";\nexport const outside = (): unknown => left;\n',
};

const BY_BOUNDARY = "eslint(no-restricted-imports)";

/** Every way to name a module, and the rule that answers where Hono is forbidden. */
const FORMS = [
  { statement: 'import { value } from "hono";', refusedBy: BY_BOUNDARY },
  { statement: 'import type { Type } from "hono";', refusedBy: BY_BOUNDARY },
  { statement: 'import { type Other } from "hono";', refusedBy: BY_BOUNDARY },
  { statement: 'import * as all from "hono";', refusedBy: BY_BOUNDARY },
  { statement: 'import whole from "hono";', refusedBy: BY_BOUNDARY },
  { statement: 'import "hono";', refusedBy: BY_BOUNDARY },
  { statement: 'export { value as again } from "hono";', refusedBy: BY_BOUNDARY },
  { statement: 'export type { Type as Again } from "hono";', refusedBy: BY_BOUNDARY },
  { statement: 'export * from "hono";', refusedBy: BY_BOUNDARY },
  { statement: 'export const later = await import("hono");', refusedBy: BY_BOUNDARY },
  { statement: 'import old = require("hono");', refusedBy: BY_BOUNDARY },
  { statement: 'export const older = require("hono");', refusedBy: "typescript(no-require-imports)" },
  { statement: 'export type Inline = import("hono").Type;', refusedBy: "typescript(consistent-type-imports)" },
  { statement: "export const computed = await import(later);", refusedBy: "import(no-dynamic-require)" },
];

const SPECIAL = {
  ...CYCLE,
  "src/forms/forms.rules.ts": FORMS.map(({ statement }) => `${statement}\n`).join(""),
  "src/barrels/index.ts": 'export * from "./barrels.rules.ts";\n',
  "src/barrels/barrels.rules.ts": "export const atMs = Date.now();\nexport const draw = Math.random();\n",
};

/** The lines of each file of the tree, and where in them each example stands. */
const lines = new Map<string, string[]>();
const placed = [...layers, ...rooms].map((example, index) => {
  const file = example.file.replace("*", `example-${index}`);
  const statements = lines.get(file) ?? [];
  const firstLine = statements.length + 1;
  for (const statement of [...example.refused, ...example.allowed]) {
    statements.push(statement.replaceAll("$", String(statements.length + 1)));
  }
  lines.set(file, statements);
  return { ...example, file, firstLine, lastLine: statements.length };
});

let tree: string;
let diagnostics: readonly Diagnostic[];

/** The diagnostics of one file, by line. */
function findings(file: string): { line: number; code: string; help: string }[] {
  return diagnostics
    .filter(({ filename }) => filename === file)
    .map(({ code = "", help = "", labels }) => ({ line: labels[0]?.span.line ?? 0, code, help }))
    .toSorted((one, other) => one.line - other.line);
}

/** Whether an override reaches a file; the last that does gives the file its boundaries. */
const holdsFor =
  (file: string) =>
  ({ files }: (typeof boundaries)[number]): boolean =>
    files.some((glob) => matchesGlob(file, glob));

// One run of oxlint over a tree that holds every example, under the repository's own configuration.
beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), "boundaries-"));
  for (const config of ["oxlint.config.ts", "oxlint.boundaries.config.ts"]) {
    copyFileSync(join(ROOT, config), join(tree, config));
  }
  const files = [...lines].map(([file, statements]) => [file, `${statements.join("\n")}\n`] as const);
  for (const [file, text] of [...files, ...Object.entries(SPECIAL)]) {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    writeFileSync(join(tree, file), text);
  }
  // The pinned Node comes first: oxlint reads a configuration in TypeScript only from Node 22.18 on.
  const env = { ...process.env, PATH: [BINARIES, process.env["PATH"]].join(delimiter) };
  const run = spawnSync("oxlint", ["--format", "json"], { cwd: tree, env, encoding: "utf8" });
  const report: { diagnostics: Diagnostic[] } = JSON.parse(run.stdout);
  diagnostics = report.diagnostics;
});

afterAll(() => rmSync(tree, { recursive: true, force: true }));

describe("the boundaries between files", () => {
  for (const { rule, file, firstLine, lastLine, refused, says } of placed) {
    test(rule, () => {
      const found = findings(file).filter(({ line }) => line >= firstLine && line <= lastLine);
      expect(found.map(({ line, code }) => `${line} ${code}`)).toEqual(
        refused.map((_, index) => `${firstLine + index} ${BY_BOUNDARY}`),
      );
      for (const { help } of found) expect(help).toContain(says);
    });
  }

  test.each(boundaries)("No boundary of $files.0 is without an example", (override) => {
    const files = [...lines.keys()].filter((file) => boundaries.findLast(holdsFor(file)) === override);
    const seen = new Set(files.flatMap(findings).map(({ help }) => `"message":${JSON.stringify(help)}`));
    const configured = JSON.stringify(override.rules).match(/"message":"[^"]+"/g);
    expect(configured?.filter((message) => !seen.has(message))).toEqual([]);
  });

  test("A boundary holds for every form of import, and computed or inline ones are refused altogether", () => {
    const found = findings("src/forms/forms.rules.ts").map(({ line, code }) => `${line} ${code}`);
    for (const [index, form] of FORMS.entries()) {
      expect(found, form.statement).toContain(`${index + 1} ${form.refusedBy}`);
    }
  });

  test("Two files that import each other are refused, be it by types alone; a file that looks into the ring is not", () => {
    for (const file of ["left", "right", "lower", "upper"]) {
      expect(findings(`src/ring/${file}.ts`)).toEqual([expect.objectContaining({ line: 1, code: "import(no-cycle)" })]);
    }
    expect(findings("src/ring/outside.ts")).toEqual([]);
  });

  test("A file that only passes a whole module on is a barrel", () => {
    expect(findings("src/barrels/index.ts").map(({ code }) => code)).toEqual(["oxc(no-barrel-file)"]);
  });

  test("Rules take the time and chance as arguments", () => {
    const found = findings("src/barrels/barrels.rules.ts").map(({ line, code, help }) => `${line} ${code} ${help}`);
    expect(found).toEqual([
      "1 eslint(no-restricted-properties) Take the time as an argument: the clock is injected.",
      "2 eslint(no-restricted-properties) Take the number as an argument.",
    ]);
  });
});
