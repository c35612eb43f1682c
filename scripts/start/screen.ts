/** A line for the person at the terminal. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A step that is done. */
export function done(what: string): void {
  say(`  ✓ ${what}`);
}

/** Something that went wrong and is being put right. */
export function warn(what: string): void {
  say(`  ! ${what}`);
}

/** How far something is: one line that is rewritten on a terminal, and written once at its end elsewhere. */
export function progress(what: string, current: number, total: number): void {
  const share = total === 0 ? 1 : current / total;
  const filled = Math.round(share * 20);
  const line = `  … ${what} ${"█".repeat(filled)}${"░".repeat(20 - filled)} ${Math.floor(share * 100)} %  ${bytes(current)}`;
  if (process.stdout.isTTY) process.stdout.write(`\r${line}${current === total ? "\n" : ""}`);
  else if (current === total) say(line);
}

/** A number of bytes as people read it. */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  const exponent = Math.min(3, Math.floor(Math.log10(count) / 3));
  return `${(count / 1000 ** exponent).toFixed(1)} ${["B", "kB", "MB", "GB"][exponent] ?? ""}`;
}

/** A probability as a bar. */
export function bar(name: string, share: number): string {
  return `${name.padEnd(11)} ${(share * 100).toFixed(2).padStart(6)} %  ${"█".repeat(Math.round(share * 30))}`;
}
