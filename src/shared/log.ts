/** What a log line of a fault says beside its message. Never a key, a token or a tensor. */
type Details = Readonly<Record<string, unknown>>;

/** Write a fault to the Worker's log, as one line of JSON that Workers Logs can search. */
export function logFault(message: string, details: Details): void {
  // oxlint-disable-next-line no-console -- the console is the Worker's log, and this is the only place that writes to it
  console.error({ message, ...details });
}
