#!/usr/bin/env node
import { createHash } from "node:crypto";
import { createReadStream, realpathSync } from "node:fs";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createGunzip } from "node:zlib";

const USAGE = `Verify an export of a tenant's usage ledger, offline.

  node verify.mjs FILE --tenant ten_… [--receipt HASH]…

FILE       JSON Lines, as GET /v1/usage/ledger?format=ndjson gives them; also packed, as FILE.gz; "-" is standard input
--tenant   whose ledger it is; without it, the row that it begins with is believed
--receipt  a hash that you kept: a row of the ledger must have it. May be repeated

Ends with 0 when all holds, with 1 when something does not, with 2 when it could not be read.`;

/** The members of a row that are hashed, in the order of the canonical text. */
const MEMBERS = (
  "seq kind entry_id at_ms key_id model_id model version_id version runtime units rate_micro_usd cost_micro_usd " +
  "outcome compute_ms bytes_in bytes_out idempotency_key previous_hash"
).split(" ");

/**
 * One row of an export.
 *
 * @typedef {{ seq: number, kind: string, entry_id: string, units: number, cost_micro_usd: number,
 *   previous_hash: string, hash: string, [member: string]: unknown }} Row
 */

/** SHA-256 of a text in UTF-8, base64url. @param {string} text */
const sha256 = (text) => createHash("sha256").update(text).digest("base64url");

/** What is hashed of a row. @param {Row} row */
const canonicalText = (row) => JSON.stringify(MEMBERS.map((member) => row[member]));

/** The hash that a tenant's first row names as the one before it. @param {string} tenantId */
const genesisHash = (tenantId) => sha256(`tensorgate-ledger ${tenantId}`);

/**
 * Follow a ledger, or a part of one, from its first line to its last, and stop at the first fault.
 *
 * @param {Iterable<string> | AsyncIterable<string>} lines
 * @param {string | undefined} tenantId  whose ledger it is; undefined: the row it begins with is believed
 * @param {readonly string[]} receipts   hashes that rows must have
 */
export async function verifyLines(lines, tenantId, receipts) {
  const sought = new Set(receipts);
  const found = {
    rows: 0,
    firstSeq: 0,
    lastSeq: 0,
    headHash: "",
    units: 0,
    costMicroUsd: 0,
    creditMicroUsd: 0,
    /** Hashes that were sought, and the rows that have them. @type {{ hash: string, row: Row }[]} */
    receipts: [],
    /** @type {string[]} */
    missingReceipts: [],
    /** @type {{ seq: number, reason: string } | undefined} */
    fault: undefined,
  };
  for await (const line of lines) {
    const row = parseRow(line);
    found.fault = row
      ? faultOf(row, found, tenantId)
      : { seq: found.lastSeq + 1, reason: "is missing: its line is no row" };
    if (!row || found.fault) return found;
    if (found.rows === 0) found.firstSeq = row.seq;
    found.rows += 1;
    found.lastSeq = row.seq;
    found.headHash = row.hash;
    found.units += row.units;
    if (row.kind === "credit") found.creditMicroUsd -= row.cost_micro_usd;
    else found.costMicroUsd += row.cost_micro_usd;
    if (sought.delete(row.hash)) found.receipts.push({ hash: row.hash, row });
  }
  found.missingReceipts = [...sought];
  return found;
}

/**
 * What is wrong with the row that comes next.
 *
 * @param {Row} row
 * @param {{ rows: number, lastSeq: number, headHash: string }} before
 * @param {string | undefined} tenantId
 */
function faultOf(row, before, tenantId) {
  const isFirst = before.rows === 0;
  const seq = isFirst ? row.seq : before.lastSeq + 1;
  if (row.seq !== seq) return { seq, reason: `is missing: row ${row.seq} stands in its place` };
  const previousHash = isFirst ? firstPreviousHash(row, tenantId) : before.headHash;
  if (row.previous_hash !== previousHash) return { seq, reason: "does not name the row before it" };
  if (row.hash !== sha256(canonicalText(row))) return { seq, reason: "is not what was hashed" };
  return undefined;
}

/** @param {Row} row @param {string | undefined} tenantId */
function firstPreviousHash(row, tenantId) {
  return row.seq === 1 && tenantId !== undefined ? genesisHash(tenantId) : row.previous_hash;
}

/** @param {string} line @returns {Row | undefined} */
function parseRow(line) {
  try {
    /** @type {unknown} */
    const value = JSON.parse(line);
    return isRow(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether it has a place in the ledger; the rest of it, its hash tells. @param {unknown} value @returns {value is Row} */
function isRow(value) {
  return typeof value === "object" && value !== null && "seq" in value && Number.isSafeInteger(value.seq);
}

/** @param {string} file */
function linesOf(file) {
  const bytes = file === "-" ? process.stdin : createReadStream(file);
  if (!file.endsWith(".gz")) return createInterface({ input: bytes, crlfDelay: Infinity });
  const unpacked = createGunzip();
  pipeline(bytes, unpacked, () => undefined); // what fails reaches the reader of the lines
  return createInterface({ input: unpacked, crlfDelay: Infinity });
}

/** @param {string | undefined} tenantId @param {Awaited<ReturnType<typeof verifyLines>>} found */
function report(tenantId, found) {
  const { rows, firstSeq, lastSeq, headHash, units, costMicroUsd, creditMicroUsd } = found;
  const { receipts, missingReceipts, fault } = found;
  if (fault) console.log(`INVALID: row ${fault.seq} ${fault.reason}`);
  else if (rows === 0) console.log("There are no rows.");
  else console.log(`Valid: ${rows} rows, ${firstSeq} to ${lastSeq}; the last has the hash ${headHash}`);
  if (rows > 0) {
    console.log(`Charged: ${units} inferences, ${costMicroUsd} micro-dollars; credit: ${creditMicroUsd} micro-dollars`);
  }
  if (firstSeq > 1) console.log(`What comes before row ${firstSeq} is not in the file, and was not verified.`);
  if (firstSeq === 1 && tenantId === undefined) console.log("Whose ledger it is was not verified: --tenant says it.");
  for (const { hash, row } of receipts) console.log(`Receipt ${hash}: row ${row.seq}, ${row.kind} of ${row.entry_id}`);
  for (const hash of missingReceipts) console.log(`INVALID: no row has the receipt ${hash}`);
  return fault || missingReceipts.length > 0 ? 1 : 0;
}

/** @returns {Promise<number>} the exit code */
async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { tenant: { type: "string" }, receipt: { type: "string", multiple: true }, help: { type: "boolean" } },
  });
  const [file, ...others] = positionals;
  if (values.help || file === undefined || others.length > 0) {
    console.log(USAGE);
    return values.help ? 0 : 2;
  }
  return report(values.tenant, await verifyLines(linesOf(file), values.tenant, values.receipt ?? []));
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  }
}
