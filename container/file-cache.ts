import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { download } from "./download.ts";
import type { SourceFile } from "./model-source.ts";

const PREFIX = "tensorgate-models-";

interface Entry {
  readonly bytes: number;
  readonly ready: Promise<string>;
  /** How many are using the file, or waiting for it. */
  users: number;
}

/** A file that stays where it is until it is let go. */
export interface HeldFile {
  readonly path: string;
  release(): void;
}

/**
 * Model files on this machine's disk, by SHA-256: a file is fetched once, however many ask for it, and stays until others need
 * its room, least recently used first.
 *
 * The directory is this server's own, readable by its user alone.
 */
export class FileCache {
  /** An empty directory inside: where worker processes stand. */
  readonly emptyDirectory: string;
  readonly #directory: string;
  readonly #maxBytes: number;
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(parentDirectory: string, maxBytes: number) {
    removeLeftOvers(parentDirectory);
    this.#directory = mkdtempSync(join(parentDirectory, `${PREFIX}${process.pid}-`));
    this.#maxBytes = maxBytes;
    this.emptyDirectory = join(this.#directory, "empty");
    mkdirSync(this.emptyDirectory, { mode: 0o500 });
  }

  /** What the files have together, those on their way included. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Have a file on disk and keep it there until it is released.
   *
   * @throws DownloadFault  when it can't be fetched; everybody who waits for it is told
   */
  async hold(file: SourceFile): Promise<HeldFile> {
    const entry = this.#entries.get(file.sha256) ?? this.#fetch(file);
    this.#entries.delete(file.sha256);
    this.#entries.set(file.sha256, entry);
    entry.users += 1;
    this.#makeRoom();
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      entry.users -= 1;
      this.#makeRoom();
    };
    try {
      return { path: await entry.ready, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Remove all files. */
  destroy(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #fetch(file: SourceFile): Entry {
    this.#bytes += file.bytes;
    return { bytes: file.bytes, ready: this.#download(file, this.#pathOf(file.sha256)), users: 0 };
  }

  async #download(file: SourceFile, path: string): Promise<string> {
    try {
      await download(file, `${path}.part`);
      await rename(`${path}.part`, path);
      return path;
    } catch (error) {
      this.#forget(file.sha256, file.bytes);
      throw error;
    }
  }

  /** Remove unused files until the rest fits. Files in use stay, so that a model larger than the cache can be loaded too. */
  #makeRoom(): void {
    for (const [sha256, { bytes, users }] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) return;
      if (users > 0) continue;
      this.#forget(sha256, bytes);
      // At once, so that it can't meet the same file fetched anew.
      rmSync(this.#pathOf(sha256), { force: true });
    }
  }

  #forget(sha256: string, bytes: number): void {
    this.#entries.delete(sha256);
    this.#bytes -= bytes;
  }

  #pathOf(sha256: string): string {
    return join(this.#directory, sha256);
  }
}

/** Remove what servers that were killed have left: the directories of processes that are no more. */
function removeLeftOvers(parentDirectory: string): void {
  for (const name of readdirSync(parentDirectory)) {
    const pid = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]);
    // Its own id can only be that of an earlier server, in a container that was started anew.
    const isLeftOver = pid > 0 && (pid === process.pid || !isAlive(pid));
    if (isLeftOver) rmSync(join(parentDirectory, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Another user's process can't be asked, but is there.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
