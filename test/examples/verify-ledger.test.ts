import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { verifyLines } from "../../examples/verify-ledger/verify.mjs";

const folder = fileURLToPath(new URL("../../examples/verify-ledger/", import.meta.url));
const example = readFileSync(join(folder, "example.jsonl"), "utf8");
const documentation = readFileSync(new URL("../../docs/ledger.md", import.meta.url), "utf8");
const lines = example.trimEnd().split("\n");

const TENANT = "ten_01kdvd2m4r8x5n7c9d1f3h5j7k";
const RECEIPT = "qRIL8SfzsYoatiXS67Rur8IZ76WuHRStFYf3-Umw4H0";
const HEAD = "S9PFIyfbLY_Z6oAh05KLXetIJV6AQpm4qegk0LtdJLc";

const scratch = mkdtempSync(join(tmpdir(), "tensorgate-ledger-"));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

/** Run the script as its reader does. */
function run(input: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, "verify.mjs"), ...args], {
    input,
    encoding: "utf8",
  });
  return { status, output: stdout + stderr };
}

/** The example's lines, one of them with a member changed. */
function withMember(index: number, member: string, value: unknown): string[] {
  return lines.map((line, at) => (at === index ? JSON.stringify({ ...JSON.parse(line), [member]: value }) : line));
}

describe("the example's export", () => {
  test("has the rows that docs/ledger.md shows", () => {
    const shown = documentation.split("\n").filter((line) => line.startsWith('{"seq":'));
    expect(shown).toEqual([lines[1]]);
    expect(documentation).toContain(TENANT);
  });

  test("is valid, and its receipt is found", () => {
    const { status, output } = run(example, "-", "--tenant", TENANT, "--receipt", RECEIPT, "--receipt", HEAD);
    expect(output).toContain(`Valid: 5 rows, 1 to 5; the last has the hash ${HEAD}\n`);
    // 100 for the answer and 1 for its 4 ms of compute time; what was rejected is charged 100 and given back.
    expect(output).toContain("Charged: 1 inferences, 101 micro-dollars; credit: 5000000 micro-dollars\n");
    expect(output).toContain(`Receipt ${RECEIPT}: row 2, charge of ent_01kdvdna00c2e4g6j8m0p2r4s6\n`);
    expect(output).not.toContain("INVALID");
    expect(status).toBe(0);
  });

  test("is read from a file, packed or not", () => {
    for (const [name, bytes] of [
      ["export.jsonl", example],
      ["export.jsonl.gz", gzipSync(example)],
    ] as const) {
      writeFileSync(join(scratch, name), bytes);
      expect(run("", join(scratch, name), "--tenant", TENANT)).toMatchObject({ status: 0 });
    }
  });
});

describe("an export is not valid", () => {
  test.each([
    ["with a changed number", withMember(2, "cost_micro_usd", 0), { seq: 3, reason: "is not what was hashed" }],
    ["with a changed text", withMember(1, "model", "trees"), { seq: 2, reason: "is not what was hashed" }],
    ["with a member left out", withMember(1, "units", undefined), { seq: 2, reason: "is not what was hashed" }],
    ["with a changed hash", withMember(4, "hash", RECEIPT), { seq: 5, reason: "is not what was hashed" }],
    ["without a row", lines.toSpliced(2, 1), { seq: 3, reason: "is missing: row 4 stands in its place" }],
    [
      "with a row twice",
      lines.toSpliced(2, 0, lines[1] ?? ""),
      { seq: 3, reason: "is missing: row 2 stands in its place" },
    ],
    [
      "with two rows swapped",
      lines.toSpliced(1, 2, lines[2] ?? "", lines[1] ?? ""),
      { seq: 2, reason: "is missing: row 3 stands in its place" },
    ],
    [
      "with a row of another chain",
      withMember(2, "previous_hash", HEAD),
      { seq: 3, reason: "does not name the row before it" },
    ],
    ["with a line that is no row", [...lines.slice(0, 3), "{"], { seq: 4, reason: "is missing: its line is no row" }],
    ["with a line that is another value", ["null"], { seq: 1, reason: "is missing: its line is no row" }],
  ])("%s", async (_what, changed, fault) => {
    const found = await verifyLines(changed, TENANT, []);
    expect(found.fault).toEqual(fault);
    expect(run(`${changed.join("\n")}\n`, "-", "--tenant", TENANT)).toMatchObject({
      status: 1,
      output: expect.stringContaining(`INVALID: row ${fault.seq} ${fault.reason}\n`),
    });
  });

  test("as another tenant's", async () => {
    const found = await verifyLines(lines, TENANT.replace("7k", "7m"), []);
    expect(found.fault).toEqual({ seq: 1, reason: "does not name the row before it" });
  });

  test("when its last rows are gone, to who kept a receipt of them, and to nobody else", () => {
    const shortened = `${lines.slice(0, 4).join("\n")}\n`;
    expect(run(shortened, "-", "--tenant", TENANT)).toMatchObject({ status: 0 });
    const { status, output } = run(shortened, "-", "--tenant", TENANT, "--receipt", HEAD);
    expect(output).toContain(`INVALID: no row has the receipt ${HEAD}\n`);
    expect(status).toBe(1);
  });
});

describe("the script says what it could not verify:", () => {
  test("whose ledger it is, without a tenant", () => {
    expect(run(example, "-").output).toContain("Whose ledger it is was not verified");
  });

  test("what comes before a part", () => {
    const { status, output } = run(`${lines.slice(2).join("\n")}\n`, "-", "--tenant", TENANT);
    expect(output).toContain("What comes before row 3 is not in the file");
    expect(status).toBe(0);
  });

  test("an empty export", () => {
    expect(run("", "-", "--tenant", TENANT)).toEqual({ status: 0, output: "There are no rows.\n" });
  });

  test.each([
    ["no file", []],
    ["two files", ["a", "b"]],
    ["an unknown option", ["-", "--key", "x"]],
    ["a file that is not there", [join(scratch, "none.jsonl")]],
    ["a packed file that is not there", [join(scratch, "none.jsonl.gz")]],
  ])("%s, with exit code 2", (_what, args) => {
    const { status, output } = run("", ...args);
    expect(status).toBe(2);
    expect(output).not.toBe("");
  });
});
