import { HttpConnection } from "./http-connection.ts";
import { cpuSecondsOf } from "./process-cpu.ts";
import { type Contender, type Sample, percentile } from "./measure.ts";
import type { BenchServer } from "./servers/server.ts";

/** A contender that answers one and the same request over HTTP. Every answer must have status 200. */
export function httpContender(name: string, server: BenchServer, request: Uint8Array): Contender {
  return {
    name,
    sample: async (inFlight, ms) => {
      const open = Array.from({ length: inFlight }, () => HttpConnection.open(server.name, server.port));
      const connections = await Promise.all(open);
      try {
        return await sample(server, connections, request, ms);
      } finally {
        for (const connection of connections) connection.close();
      }
    },
  };
}

/** Each connection sends its next request when its last is answered, and times each on its own: no pause is averaged away. */
async function sample(
  server: BenchServer,
  connections: readonly HttpConnection[],
  request: Uint8Array,
  ms: number,
): Promise<Sample> {
  const latenciesMs: number[] = [];
  const cpuBefore = cpuSecondsOf(server.pid);
  const begin = performance.now();
  const ask = async (connection: HttpConnection): Promise<void> => {
    for (let sent = begin; sent < begin + ms;) {
      sent = performance.now();
      const answer = await connection.exchange(request);
      if (answer.status !== 200) throw new Error(`${server.name} answered ${answer.status}: ${answer.text()}`);
      latenciesMs.push(performance.now() - sent);
    }
  };
  await Promise.all(connections.map(ask));
  const seconds = (performance.now() - begin) / 1000;
  const cpuAfter = cpuSecondsOf(server.pid);
  latenciesMs.sort((one, other) => one - other);
  return {
    perSecond: latenciesMs.length / seconds,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
    ...(cpuBefore !== undefined &&
      cpuAfter !== undefined && { cpuMicros: ((cpuAfter - cpuBefore) * 1e6) / latenciesMs.length }),
  };
}
