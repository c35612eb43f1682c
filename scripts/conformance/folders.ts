/** Case folders: which there are below a directory, and which of them a run takes. */
import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

import { caseDatatypes } from "./cases.ts";
import type { Datatype } from "./tensors.ts";

/** A model with its vectors; file names are relative to `directory`, `uploadBytes` counts the model and its data files. */
export interface CaseFolder {
  readonly name: string;
  /** Name of the directory that it was found in. */
  readonly suite: string;
  readonly directory: string;
  readonly caseFiles: readonly string[];
  readonly externalFiles: readonly string[];
  readonly uploadBytes: number;
}

/** The `index`-th (from 1) of `count` equal parts. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** What narrows a run; undefined takes everything. */
export interface Selection {
  /** Part of the folder's name. */
  readonly filter?: string | undefined;
  /** Take this many folders, spread evenly over those the rest leaves. */
  readonly sample?: number | undefined;
  /** Take this part of what the rest leaves. */
  readonly shard?: Shard | undefined;
  /** Take folders all of whose inputs and expected outputs are among these. */
  readonly datatypes?: readonly Datatype[] | undefined;
  /** Take folders whose model and external data are no larger. */
  readonly maxBytes?: number | undefined;
}

/** How many folders were not taken, and which option is the reason. */
export interface LeftOut {
  readonly reason: string;
  readonly folders: number;
}

const caseFilePattern = /^case(?:\.(\d+))?\.json$/;

/** `case.json` first, then `case.1.json`, … by number. */
function byVectorNumber(one: string, other: string): number {
  const numberOf = (file: string): number => Number(caseFilePattern.exec(file)?.[1] ?? -1);
  return numberOf(one) - numberOf(other);
}

/** The name of a vector: its case file without `.json`. */
export function vectorName(caseFile: string): string {
  return caseFile.replace(/\.json$/, "");
}

function readFolder(directory: string, suite: string): CaseFolder | undefined {
  const files = readdirSync(directory, { withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [entry.name] : [],
  );
  const caseFiles = files.filter((file) => caseFilePattern.test(file)).toSorted(byVectorNumber);
  if (!files.includes("model.onnx") || caseFiles.length === 0) return undefined;
  const externalFiles = files.filter((file) => file !== "model.onnx" && !/\.(json|txt)$/.test(file)).toSorted();
  const sizes = ["model.onnx", ...externalFiles].map((file) => statSync(join(directory, file)).size);
  const uploadBytes = sizes.reduce((sum, bytes) => sum + bytes, 0);
  return { name: basename(directory), suite, directory, caseFiles, externalFiles, uploadBytes };
}

/**
 * Find the case folders directly below a directory, ordered by name; the directory itself where it is one.
 *
 * @throws  the file system's error where the directory cannot be read
 */
export function findFolders(directory: string): CaseFolder[] {
  const root = resolve(directory);
  const itself = readFolder(root, basename(dirname(root)));
  if (itself !== undefined) return [itself];
  const names = readdirSync(root, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  );
  return names.toSorted().flatMap((name) => readFolder(join(root, name), basename(root)) ?? []);
}

/** Take `count` items at positions ⌊i · length / count⌋: evenly spread, the same every time, all where there are fewer. */
export function sampleEvenly<Item>(items: readonly Item[], count: number): Item[] {
  if (count >= items.length) return [...items];
  const positions = new Set(Array.from({ length: count }, (_, index) => Math.floor((index * items.length) / count)));
  return items.filter((_, position) => positions.has(position));
}

function usesOnly(folder: CaseFolder, datatypes: readonly Datatype[]): boolean {
  const allowed = new Set(datatypes);
  return folder.caseFiles.every((file) => caseDatatypes(join(folder.directory, file)).isSubsetOf(allowed));
}

/** Take every `count`-th item, so that all parts together are all items and none is in two. */
function takeShard<Item>(items: readonly Item[], { index, count }: Shard): Item[] {
  return items.filter((_, position) => position % count === index - 1);
}

/** Narrow folders by filter, size, datatypes, sample and shard, in this order, and count what each of them left out. */
export function selectFolders(
  folders: readonly CaseFolder[],
  selection: Selection,
): { readonly selected: readonly CaseFolder[]; readonly leftOut: readonly LeftOut[] } {
  const { filter, maxBytes, datatypes, sample, shard } = selection;
  const leftOut: LeftOut[] = [];
  let selected = folders;
  const narrow = (reason: string, kept: readonly CaseFolder[]): void => {
    if (kept.length < selected.length) leftOut.push({ reason, folders: selected.length - kept.length });
    selected = kept;
  };
  if (filter !== undefined) {
    narrow(
      `no "${filter}" in the name`,
      selected.filter(({ name }) => name.includes(filter)),
    );
  }
  if (maxBytes !== undefined) {
    narrow(
      `larger than ${maxBytes} bytes`,
      selected.filter(({ uploadBytes }) => uploadBytes <= maxBytes),
    );
  }
  if (datatypes !== undefined) {
    narrow(
      `uses another datatype than ${datatypes.join(", ")}`,
      selected.filter((folder) => usesOnly(folder, datatypes)),
    );
  }
  if (sample !== undefined) narrow(`not in the sample of ${sample}`, sampleEvenly(selected, sample));
  if (shard !== undefined) narrow(`not in part ${shard.index} of ${shard.count}`, takeShard(selected, shard));
  return { selected, leftOut };
}
