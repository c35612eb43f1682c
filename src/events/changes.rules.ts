/** What changed of a thing, field by field, as it was and as it is. */
export interface Changes {
  readonly before: Readonly<Record<string, unknown>>;
  readonly after: Readonly<Record<string, unknown>>;
}

/** The fields in which two states of a thing differ, for the audit: what stayed is left out. */
export function changesBetween(before: object, after: object): Changes {
  const [was, is] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  const changed = [...new Set([...was.keys(), ...is.keys()])].filter(
    (field) => JSON.stringify(was.get(field)) !== JSON.stringify(is.get(field)),
  );
  const pick = (state: ReadonlyMap<string, unknown>) =>
    Object.fromEntries(changed.map((field) => [field, state.get(field) ?? null]));
  return { before: pick(was), after: pick(is) };
}
