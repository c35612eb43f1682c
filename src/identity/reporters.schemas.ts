import { z } from "zod";

/** Where GitHub publishes the keys with which it signs what its secret scanning found. */
const GITHUB_KEYS_URL = "https://api.github.com/meta/public_keys/secret_scanning";

/** Public keys of a reporter of leaks, as GitHub publishes its own: SubjectPublicKeyInfo in PEM, of ECDSA on P-256. */
export const reporterKeysSchema = z.object({
  public_keys: z.array(z.object({ key_identifier: z.string().min(1), key: z.string() })),
});
export type ReporterKeyList = z.infer<typeof reporterKeysSchema>;

const staticKeys = z.string().transform((text, context): ReporterKeyList | undefined => {
  if (text === "") return undefined;
  const result = reporterKeysSchema.safeParse(parseJson(text));
  if (result.success) return result.data;
  context.addIssue({
    code: "custom",
    message: 'must be empty or JSON like {"public_keys":[{"key_identifier":"…","key":"…"}]}',
  });
  return z.NEVER;
});

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The Worker's variables that say whose reports of leaked keys are believed. */
export const reporterVariables = {
  SECRET_SCANNING_KEYS_URL: z
    .url({ protocol: /^https$/, error: `must be empty or start with https://, like ${GITHUB_KEYS_URL}` })
    .or(z.literal(""))
    .default(GITHUB_KEYS_URL),
  SECRET_SCANNING_KEYS: staticKeys.prefault(""),
};

/** Whose reports of leaked keys are believed: those keys, or else what is published at the URL; nobody's without either. */
export interface ReporterSettings {
  readonly keys: ReporterKeyList | undefined;
  readonly keysUrl: string | undefined;
}
