import { env } from "cloudflare:workers";

/** The tenants' cells as they are, but that one of their methods fails before it reaches the cell. */
export function cellsWithout(method: "conclude" | "settle" | "refresh" | "refuseBefore"): Env["TENANT_CELL"] {
  return replaced(env.TENANT_CELL, "getByName", (name: string) =>
    replaced(env.TENANT_CELL.getByName(name), method, async () => {
      await Promise.resolve();
      throw new Error("The cell can't be reached.");
    }),
  );
}

/** The files as they are, but that none can be written. */
export function filesWithoutPut(): R2Bucket {
  return replaced(env.MODELS, "put", async () => {
    await Promise.resolve();
    throw new Error("R2 can't be reached.");
  });
}

/** The same object with one of its methods in our hands. */
export function replaced<T extends object>(object: T, method: keyof T, ours: unknown): T {
  return new Proxy(object, {
    get: (target, member) => {
      if (member === method) return ours;
      const value: unknown = Reflect.get(target, member);
      return typeof value === "function" ? (...args: unknown[]): unknown => Reflect.apply(value, target, args) : value;
    },
  });
}

/** Files of which the first to be written waits until it is let through. */
export function heldFiles(): { files: R2Bucket; reached: Promise<undefined>; release: () => void } {
  const reached = Promise.withResolvers<undefined>();
  const gate = Promise.withResolvers<undefined>();
  const files = replaced(env.MODELS, "put", async (...args: Parameters<R2Bucket["put"]>) => {
    reached.resolve(undefined);
    await gate.promise;
    return await env.MODELS.put(...args);
  });
  return { files, reached: reached.promise, release: () => gate.resolve(undefined) };
}
