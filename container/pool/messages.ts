import type { EngineRefusal } from "../../engine/refusal.ts";
import type { Inspection, Signature } from "../../engine/signature.ts";

/** Where a model's files lie on this machine; `name` is a label that the model has for a file. */
export interface ModelFiles {
  readonly model: string;
  readonly externalData: readonly { readonly name: string; readonly path: string }[];
}

/** What the server asks of a worker process, one at a time. The body of `infer` is the request's, unpacked. */
export type Command =
  | { readonly kind: "load"; readonly files: ModelFiles }
  | { readonly kind: "inspect"; readonly modelPath: string }
  | { readonly kind: "warmup" }
  | {
      readonly kind: "infer";
      readonly headerLength: string | null;
      readonly modelName: string;
      readonly modelVersion: string;
    };

/** What a worker process answers. The body of `answer` is the answer's. */
export type Reply =
  | { readonly kind: "loaded"; readonly signature: Signature }
  | { readonly kind: "inspected"; readonly inspection: Inspection }
  | { readonly kind: "warm" }
  | { readonly kind: "answer"; readonly headers: Readonly<Record<string, string>> }
  | ({ readonly kind: "refused" } & EngineRefusal)
  /** A fault of ours; the process can go on. */
  | { readonly kind: "fault"; readonly reason: string };

/** The worker process's end of the channel, as a file descriptor. */
export const CHANNEL_FD = 3;
