import type { Timeline } from "./timeline.ts";

/** What a cell's code runs in. A crash takes with it what was planned and what was in memory; what is on disk stays. */
export class Process {
  readonly #timeline: Timeline;
  #life = 0;
  #isUp = true;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Do something later, unless the process has crashed until then. */
  after(delayMs: number, happen: () => void): void {
    const life = this.#life;
    this.#timeline.after(delayMs, () => {
      if (this.#isUp && life === this.#life) happen();
    });
  }

  /** End at once, and begin again after a while. */
  crash(downMs: number, restart: () => void): void {
    this.#life += 1;
    this.#isUp = false;
    const life = this.#life;
    this.#timeline.after(downMs, () => {
      if (life !== this.#life) return; // it crashed again meanwhile
      this.#isUp = true;
      restart();
    });
  }
}
