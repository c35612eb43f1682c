/** Bounds of one lane. */
export interface GroupCommitLimits {
  /** Requests that one trip carries at most. */
  readonly maxBatch: number;
  /** Requests that may wait at most; one more is refused at once. */
  readonly maxWaiting: number;
  /** How long one request waits at most, queue and trip together; for one that leads, it starts anew with its trip. */
  readonly deadlineMs: number;
  /**
   * How long a request that makes the next trip waits at most until as many have come as rode on the last ones, in milliseconds:
   * where many call at once, a trip costs more than the wait. Where one calls after the other, nobody ever waits.
   */
  readonly lingerMs: number;
}

/** The far side is slower than the requests come, or does not answer: a 503 that says when to try again. */
export class Overloaded extends Error {
  readonly retryAfterSeconds = 1;
  /** Whether the request may have got there, though no answer came back. */
  readonly mayHaveArrived: boolean;

  constructor(message: string, { mayHaveArrived }: { mayHaveArrived: boolean }) {
    super(message);
    this.mayHaveArrived = mayHaveArrived;
  }
}

/** Make the trip: one answer per request, in order; an error in the place of an answer is that request's alone. */
export type Send<Request, Answer> = (batch: Request[]) => Promise<(Answer | Overloaded)[]>;

interface Ticket<Request, Answer> {
  readonly request: Request;
  /** Wakes the waiting caller: with its outcome, or with the lead when it is its turn to make the trip. */
  readonly wake: (outcome: Outcome<Answer> | "lead") => void;
}

type Outcome<Answer> = { readonly answer: Answer } | { readonly fault: unknown };

/**
 * Joins requests in flight to the same place into shared trips, as a database's write-ahead log joins commits.
 *
 * A request that finds the lane idle goes at once, alone, unless others had to wait lately: at low load nothing waits. Those that
 * come while a trip is under way wait for it, and then the first of them makes one trip for all of them. A trip is always made by a request that is
 * on it, with that request's own connection, because a Worker may not use one request's I/O from another.
 */
export class GroupCommit<Request, Answer> {
  readonly #limits: GroupCommitLimits;
  #waiting: Ticket<Request, Answer>[] = [];
  /** The trip under way, and when it counts as lost, in ms since 1970; undefined when there is none. */
  #trip: { readonly untilMs: number } | undefined;
  /**
   * How many are likely to come together: as many as rode on a trip lately, forgotten over some twenty trips. 1 while nobody finds
   * the lane taken.
   */
  #expected = 1;
  /** Ends the wait of who is to make the next trip. */
  #departs: (() => void) | undefined;

  constructor(limits: GroupCommitLimits) {
    this.#limits = limits;
  }

  /** Whether nothing is under way, so that the lane may be forgotten. */
  get idle(): boolean {
    return this.#trip === undefined && this.#waiting.length === 0;
  }

  /**
   * @param send  this request's own way to the far side; used when it leads
   * @throws Overloaded when too many wait or the deadline passed; the fault of the trip when the trip failed
   */
  async submit(request: Request, send: Send<Request, Answer>): Promise<Answer> {
    // A trip whose request was torn down in the middle never ends: after its deadline a newcomer takes the lane over.
    if (this.#trip === undefined || Date.now() > this.#trip.untilMs) {
      this.#takeLane();
      return await this.#lead(request, send);
    }
    if (this.#waiting.length >= this.#limits.maxWaiting) {
      throw new Overloaded("Too many requests wait for the same.", { mayHaveArrived: false });
    }
    const outcome = await this.#wait(request);
    if (outcome === "lead") return await this.#lead(request, send);
    if ("fault" in outcome) throw outcome.fault;
    return outcome.answer;
  }

  #wait(request: Request): Promise<Outcome<Answer> | "lead"> {
    // Not `new Promise(executor)`: once V8 has optimised that, workerd no longer knows whose promise it is, and the request
    // that waits goes on in the leader's context, where it may not touch its own body. Seen after some 7,000 requests.
    const { promise, resolve, reject } = Promise.withResolvers<Outcome<Answer> | "lead">();
    // The timer also shows the runtime that this request has something under way of its own while it waits on another's.
    const timer = setTimeout(() => {
      const wasWaiting = this.#waiting.includes(ticket);
      this.#waiting = this.#waiting.filter((waiting) => waiting !== ticket);
      reject(new Overloaded(LATE, { mayHaveArrived: !wasWaiting }));
    }, this.#limits.deadlineMs);
    const ticket: Ticket<Request, Answer> = {
      request,
      wake: (outcome) => {
        clearTimeout(timer);
        resolve(outcome);
      },
    };
    this.#waiting.push(ticket);
    this.#expected = Math.max(this.#expected, 2);
    if (this.#departs && this.#isGathered) this.#departs();
    return promise;
  }

  get #isGathered(): boolean {
    return this.#limits.lingerMs === 0 || this.#waiting.length + 1 >= this.#expected;
  }

  /** Wait for company: those whom the last trip has woken are on their way again. */
  async #gather(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#departs = () => resolve(undefined);
    const timer = setTimeout(this.#departs, this.#limits.lingerMs);
    await promise;
    clearTimeout(timer);
    this.#departs = undefined;
  }

  async #lead(request: Request, send: Send<Request, Answer>): Promise<Answer> {
    if (!this.#isGathered) await this.#gather();
    const trip = this.#takeLane();
    const followers = this.#waiting.splice(0, this.#limits.maxBatch - 1);
    this.#expected = Math.max(followers.length + 1, this.#expected * 0.97 - 0.03);
    try {
      const sent = send([request, ...followers.map((ticket) => ticket.request)]);
      const answers = await before(this.#limits.deadlineMs, sent);
      for (const [index, ticket] of followers.entries()) ticket.wake(outcomeAt(answers, index + 1));
      const own = outcomeAt(answers, 0);
      if ("fault" in own) throw own.fault;
      return own.answer;
    } catch (fault) {
      for (const ticket of followers) ticket.wake({ fault });
      throw fault;
    } finally {
      // A trip that was lost and taken over has nothing left to pass on when it ends after all.
      if (this.#trip === trip) this.#passOn();
    }
  }

  #takeLane(): { readonly untilMs: number } {
    this.#trip = { untilMs: Date.now() + this.#limits.deadlineMs };
    return this.#trip;
  }

  /** The lane stays taken from the end of one trip to the start of the next, so that a newcomer doesn't overtake. */
  #passOn(): void {
    const next = this.#waiting.shift();
    if (next) next.wake("lead");
    else this.#trip = undefined;
  }
}

const LATE = "What this request waits for did not answer in time.";

/** The promise's value, or Overloaded (it may have arrived) when it takes longer than allowed. */
export async function before<T>(deadlineMs: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Overloaded(LATE, { mayHaveArrived: true })), deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function outcomeAt<Answer>(answers: readonly (Answer | Overloaded)[], index: number): Outcome<Answer> {
  const answer = answers[index];
  if (answer instanceof Overloaded) return { fault: answer };
  return answer === undefined ? { fault: new Error("The answer of a joined request is missing.") } : { answer };
}

/** Lanes that are kept though they stand idle, because they know what company is to be expected. */
const KEPT_LANES = 1_000;

/** One lane per tenant. Beyond a number, those that stand idle are forgotten. */
export class Lanes<Request, Answer> {
  readonly #limits: GroupCommitLimits;
  readonly #lanes = new Map<string, GroupCommit<Request, Answer>>();

  constructor(limits: GroupCommitLimits) {
    this.#limits = limits;
  }

  /** {@link GroupCommit.submit} in the lane of this name. */
  async submit(name: string, request: Request, send: Send<Request, Answer>): Promise<Answer> {
    const lane = this.#lanes.get(name) ?? new GroupCommit(this.#limits);
    this.#lanes.set(name, lane);
    try {
      return await lane.submit(request, send);
    } finally {
      if (lane.idle && this.#lanes.size > KEPT_LANES && this.#lanes.get(name) === lane) this.#lanes.delete(name);
    }
  }
}
