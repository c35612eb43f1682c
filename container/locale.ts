import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

/** glibc's own locale of Unicode, which every Debian has, the slim images too. */
const UNICODE_LOCALE = "/usr/lib/locale/C.utf8";

/**
 * The variable by which a worker process finds the locale `en_US.UTF-8`.
 *
 * ONNX Runtime's StringNormalizer asks for it by name and refuses the model where it is missing, as it is in slim images. It
 * needs the letters of Unicode and their cases alone, and those are in any locale of UTF-8.
 *
 * @param directory  where the name is made; nothing is, but on systems with glibc
 */
export function localeEnvironment(directory: string): Readonly<Record<string, string>> {
  if (!existsSync(UNICODE_LOCALE)) return {};
  const locales = join(directory, "locale");
  mkdirSync(locales);
  symlinkSync(UNICODE_LOCALE, join(locales, "en_US.UTF-8"));
  return { LOCPATH: locales };
}
