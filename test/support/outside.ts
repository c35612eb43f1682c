import { vi } from "vitest";

/** What a server outside answers. Throwing is a connection that fails. */
export type Outside = (request: Request) => Response | Promise<Response>;

/**
 * Stand in for the servers that the Worker calls over the network, for the length of a test.
 *
 * Only plain `fetch` leaves the Worker; cells, isolates and files are reached by bindings, and stay real.
 *
 * @returns the requests that went out, in order
 */
export async function withOutside<T>(outside: Outside, act: (sent: Request[]) => Promise<T>): Promise<T> {
  const sent: Request[] = [];
  const fetched = vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input, init);
    sent.push(request.clone());
    return await outside(request);
  });
  try {
    return await act(sent);
  } finally {
    fetched.mockRestore();
  }
}
