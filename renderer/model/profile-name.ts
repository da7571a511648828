/** Names of profiles: what is allowed, and a proposal from what a file calls itself. */
import { NAME_PATTERN } from '../../engine/base/name.ts';

export const isName = (text: string): boolean => NAME_PATTERN.test(text);

/** The nearest name that is allowed: `Büro München` becomes `Buro-Munchen`. */
export function proposeName(text: string): string {
  const plain = text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 64);
  return isName(plain) ? plain : 'vpn';
}

/** The same with a number behind it when it is taken. */
export function freeName(wanted: string, taken: readonly string[]): string {
  if (!taken.includes(wanted)) return wanted;
  for (let n = 2; ; n++) {
    const name = `${wanted.slice(0, 60)}-${n}`;
    if (!taken.includes(name)) return name;
  }
}
