import { type Frame, follow } from "./feed.ts";

/** One line for people. */
function describe(frame: Frame): string {
  switch (frame.type) {
    case "hello":
      return `listening since ${frame.server_time}`;
    case "bye":
      return `ended: ${frame.reason}`;
    case "tick": {
      const refused = Object.entries(frame.refused).map(([reason, count]) => `, ${count} × ${reason}`);
      const { p50, p99 } = frame.compute_latency_ms;
      const latency = p50 === null ? "" : `, p50 ${p50.toFixed(1)} ms, p99 ${(p99 ?? p50).toFixed(1)} ms`;
      const closest = frame.limits.toSorted(
        (one, other) => one.remaining / one.limit - other.remaining / other.limit,
      )[0];
      const left = closest ? `, ${closest.name} ${closest.remaining}/${closest.limit}` : "";
      return `${frame.at}  ${frame.admitted} admitted${refused.join("")}, ${frame.in_flight} in flight${latency}${left}`;
    }
  }
}

const { TENSORGATE_URL: origin, TENSORGATE_API_KEY: key } = process.env;
if (origin === undefined || key === undefined) {
  process.stderr.write("Set TENSORGATE_URL and TENSORGATE_API_KEY, as npm start prints them.\n");
  process.exit(1);
}
const reason = await follow(origin, key, (frame) => console.log(describe(frame)));
process.stderr.write(`The feed has ended: ${reason}\n`);
