/** Say what goes on, on the standard error, so that the standard output holds the results alone. */
export function progress(text: string): void {
  console.error(`  … ${text}`);
}
