/** A profile document as a form edits it: values by dotted path, never by mutation. */

export type Document = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Document =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function valueAt(document: Document, path: string): unknown {
  let at: unknown = document;
  for (const key of path.split('.')) at = isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  return at;
}

/** `undefined` takes the value away, and with it objects that have become empty. */
export function withValue(document: Document, path: string, value: unknown): Document {
  const [key = '', ...rest] = path.split('.');
  const inner = document[key];
  const next = rest.length === 0 ? value : withValue(isObject(inner) ? inner : {}, rest.join('.'), value);
  const { [key]: _before, ...others } = document;
  const empty = next === undefined || (rest.length > 0 && isObject(next) && Object.keys(next).length === 0);
  // Keys keep their order: the file stays readable.
  if (empty) return others;
  return key in document
    ? Object.fromEntries(Object.entries(document).map(([k, v]) => [k, k === key ? next : v]))
    : { ...document, [key]: next };
}

/** A text or a list of texts, as one text. */
export function listText(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join(', ');
  return value === undefined ? '' : String(value);
}
