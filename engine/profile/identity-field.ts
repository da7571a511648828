/** An identity as a profile writes it, by shape alone; what it means is the business of `pki`. */
import type { Findings } from './fields.ts';

export function identityText(found: Findings, path: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const id = text.trim();
  const control = [...id].some((char) => char < ' ' || char === '\u007f');
  if (id === '' || id.length > 1024 || control) found.problem(path, 'is not an identity');
  return id;
}
