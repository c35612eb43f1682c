/** Those of these headers that are there, under these names. */
export function pickHeaders(headers: Headers, names: readonly string[]): Record<string, string> {
  const found = names.map((name): [string, string | null] => [name, headers.get(name)]);
  return Object.fromEntries(found.filter((entry): entry is [string, string] => entry[1] !== null));
}
