import { HttpConnection } from "./http-connection.ts";
import type { BenchServer } from "./servers/server.ts";

/** Send one request on a connection that is open already, and time it until its whole answer has come, in milliseconds. */
export async function timeExchange(server: BenchServer, request: Uint8Array): Promise<number> {
  const connection = await HttpConnection.open(server.name, server.port);
  try {
    const begin = performance.now();
    const answer = await connection.exchange(request);
    const ms = performance.now() - begin;
    if (answer.status !== 200) throw new Error(`${server.name} answered ${answer.status}: ${answer.text()}`);
    return ms;
  } finally {
    connection.close();
  }
}
