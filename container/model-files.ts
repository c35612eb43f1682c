import { DownloadFault } from "./download.ts";
import type { FileCache, HeldFile } from "./file-cache.ts";
import type { ModelSource, SourceFile } from "./model-source.ts";
import type { ModelFiles } from "./pool/messages.ts";
import { type Refused, refused } from "./problem.ts";

/** All files of a model on disk, until they are released. */
export type HeldFiles = { readonly kind: "held"; readonly files: ModelFiles; readonly release: () => void } | Refused;

/** The files of whole models, out of the cache of single files. */
export class ModelFileStore {
  readonly #cache: FileCache;

  constructor(cache: FileCache) {
    this.#cache = cache;
  }

  /** Have all files of a model on disk; a file that can't be fetched is a refusal that names it. */
  async hold(source: ModelSource): Promise<HeldFiles> {
    const held: HeldFile[] = [];
    const release = (): void => {
      for (const file of held) file.release();
    };
    const hold = async (name: string, file: SourceFile): Promise<string> => {
      try {
        const heldFile = await this.#cache.hold(file);
        held.push(heldFile);
        return heldFile.path;
      } catch (error) {
        if (!(error instanceof DownloadFault)) throw error;
        throw new DownloadFault(`${name} can't be fetched: ${error.message}.`);
      }
    };
    const coming = [
      hold("The model's file", source.model),
      ...source.externalData.map((file) => hold(`The file of external data "${file.name}"`, file)),
    ];
    try {
      const [model = "", ...paths] = await Promise.all(coming);
      const externalData = source.externalData.map(({ name }, index) => ({ name, path: paths[index] ?? "" }));
      return { kind: "held", files: { model, externalData }, release };
    } catch (error) {
      await Promise.allSettled(coming);
      release();
      if (!(error instanceof DownloadFault)) throw error;
      return refused("model-fetch-failed", error.message);
    }
  }
}
