import { env } from "cloudflare:workers";

/** Isolates that answer no request before they are told to. */
export interface SlowIsolates {
  readonly loader: WorkerLoader;
  /** Resolves when a request has come to an isolate. */
  readonly reached: Promise<undefined>;
  /** Let them answer. */
  readonly release: () => void;
}

/** The platform's own isolates, but that each request waits in front of them. */
export function slowIsolates(): SlowIsolates {
  const reached = Promise.withResolvers<undefined>();
  const gate = Promise.withResolvers<undefined>();
  const hold = (isolate: Fetcher): Fetcher =>
    only(isolate, "fetch", async (...args: Parameters<Fetcher["fetch"]>) => {
      reached.resolve(undefined);
      await gate.promise;
      return await isolate.fetch(...args);
    });
  const loader = only(env.LOADER, "get", (...args: Parameters<WorkerLoader["get"]>) => {
    const stub = env.LOADER.get(...args);
    return only(stub, "getEntrypoint", (name?: string, options?: WorkerStubEntrypointOptions) =>
      hold(stub.getEntrypoint(name, options)),
    );
  });
  return { loader, reached: reached.promise, release: () => gate.resolve(undefined) };
}

/** The same object with one of its methods in our hands, and the others out of reach. */
function only<T extends object>(object: T, method: keyof T, ours: unknown): T {
  return new Proxy(object, {
    get: (_object, member) => {
      if (member === method) return ours;
      throw new Error(`Nobody asks for ${String(member)}.`);
    },
  });
}
