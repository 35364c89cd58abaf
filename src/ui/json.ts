/**
 * The lines of a JSON document: the properties of `head`, and under `name` a list, which is taken one by one and may be
 * longer than what memory holds.
 */
export function* jsonDocument(head: object, name: string, list: Iterable<unknown>): Generator<string> {
  yield '{';
  for (const [key, value] of Object.entries(head)) yield `  ${property(key, value)},`;
  let last: string | undefined;
  for (const item of list) {
    yield last === undefined ? `  ${JSON.stringify(name)}: [` : `${last},`;
    last = `    ${JSON.stringify(item)}`;
  }
  if (last === undefined) yield `  ${JSON.stringify(name)}: []`;
  else yield* [last, '  ]'];
  yield '}';
}

function property(key: string, value: unknown): string {
  return `${JSON.stringify(key)}: ${JSON.stringify(value, null, 2).replaceAll('\n', '\n  ')}`;
}
