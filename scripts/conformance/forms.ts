/** In which form tensors cross the wire: all in the JSON, or all in binary behind it. */
export const forms = ["json", "binary"] as const;

export type Form = (typeof forms)[number];

/** Where a server can be asked to run a model: in an isolate, in the container, or where it sees fit. */
export const runtimes = ["auto", "isolate", "container"] as const;

export type Runtime = (typeof runtimes)[number];
