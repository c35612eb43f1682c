import { type ModelSource, isSameModel } from "./model-source.ts";
import { ModelProcesses, type Surroundings } from "./pool/model-processes.ts";

/** Models that are known without having a process; one that is forgotten comes back with the next request's source. */
const MAX_KNOWN = 4096;

/** The models that this server knows, by the Worker's version id. */
export class Models {
  readonly #around: Surroundings;
  /** In the order of their last use. */
  readonly #models = new Map<string, ModelProcesses>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /**
   * The model of this id.
   *
   * @param source  what it is made of, if the request says so: makes an unknown model known, renews a known one's URLs, and
   *                replaces a model that is made of other files
   */
  find(id: string, source: ModelSource | undefined): ModelProcesses | undefined {
    let model = this.#models.get(id);
    if (model && source) {
      if (isSameModel(model.source, source)) model.source = source;
      else {
        model.retire();
        model = undefined;
      }
    }
    if (!model && !source) return undefined;
    this.#models.delete(id);
    if (!model && source) model = new ModelProcesses(id, source, this.#around);
    if (model) this.#models.set(id, model);
    this.#forgetSome();
    return model;
  }

  /** The model of this id, if a process has it. */
  findLoaded(id: string): ModelProcesses | undefined {
    const model = this.#models.get(id);
    return model?.isLoaded ? model : undefined;
  }

  /** Forget a model and end its processes; requests that wait for it are still answered. */
  unload(id: string): boolean {
    this.#models.get(id)?.retire();
    return this.#models.delete(id);
  }

  /** All known models, the least recently used first. */
  list(): ModelProcesses[] {
    return [...this.#models.values()];
  }

  #forgetSome(): void {
    for (const [id, model] of this.#models) {
      if (this.#models.size <= MAX_KNOWN) return;
      if (model.size === 0 && model.queueLength === 0) this.#models.delete(id);
    }
  }
}
