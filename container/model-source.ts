import * as z from "zod";
import { type Refused, refused } from "./problem.ts";

/** A file of a model and where to get it: `url` is signed and short-lived. */
export interface SourceFile {
  readonly url: string;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
}

/** What a model is made of; a `name` is the label that the model has for a file of external data, never a path. */
export interface ModelSource {
  readonly model: SourceFile;
  readonly externalData: readonly (SourceFile & { readonly name: string })[];
}

const MAX_EXTERNAL_FILES = 64;

const file = z.object({
  url: z.url({ protocol: /^https?$/ }),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits in lower case"),
  bytes: z.number().int().min(0),
});

const source = z.object({
  model: file,
  externalData: z.array(file.extend({ name: z.string().min(1).max(1024) })).max(MAX_EXTERNAL_FILES),
});

/**
 * Read the header Tensorgate-Model-Source: base64url of JSON.
 *
 * @param origins  where files may be fetched from: a request can't make this server call any other
 */
export function readModelSource(header: string, origins: readonly string[]): ModelSource | Refused {
  const parsed = source.safeParse(parseJson(Buffer.from(header, "base64url").toString("utf8")));
  if (!parsed.success) {
    const fault = parsed.error.issues[0];
    const path = fault?.path.join(".") ?? "";
    return refused("bad-request", `Tensorgate-Model-Source: ${path} ${fault?.message ?? "is not valid"}.`);
  }
  const { model, externalData } = parsed.data;
  const foreign = [model, ...externalData]
    .map(({ url }) => new URL(url).origin)
    .find((origin) => !origins.includes(origin));
  if (foreign === undefined) return parsed.data;
  const detail = `Tensorgate-Model-Source: files are not fetched from ${foreign}; MODEL_ORIGIN names the allowed origins.`;
  return refused("bad-request", detail, { origin: foreign });
}

/** What all files of a model have together. */
export function bytesOf({ model, externalData }: ModelSource): number {
  return externalData.reduce((total, { bytes }) => total + bytes, model.bytes);
}

/** Whether both mean the same files, wherever they are fetched from. */
export function isSameModel(one: ModelSource, other: ModelSource): boolean {
  return identity(one) === identity(other);
}

function identity({ model, externalData }: ModelSource): string {
  return JSON.stringify([model.sha256, ...externalData.map(({ name, sha256 }) => [name, sha256])]);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
