/** Gateways that a profile lets others send it to: names, `*.example.org` for all names below one, addresses, networks. */
import { type Prefix, parsePrefix } from '../base/ip.ts';
import { type Findings, items } from './fields.ts';
import type { RedirectTargets } from './profile.ts';
import type { TextList } from './schema.ts';

const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
/** With a star only below two labels: `*.org` would be everybody. */
const PATTERN = new RegExp(`^(?=.{1,253}$)(?:\\*\\.${LABEL}\\.)?${LABEL}(?:\\.${LABEL})*$`);

export function redirectTargets(found: Findings, path: string, value: TextList | undefined): RedirectTargets {
  const names: string[] = [];
  const prefixes: Prefix[] = [];
  for (const item of items(path, value)) {
    const prefix = parsePrefix(item.text);
    const name = item.text.toLowerCase();
    if (prefix) prefixes.push(prefix);
    else if (PATTERN.test(name) && !/^[0-9.]+$/.test(name)) names.push(name);
    else
      found.problem(
        item.path,
        `"${item.text.slice(0, 60)}" is not a host name, a pattern such as *.example.org, an address or a network`,
      );
  }
  return { names, prefixes };
}
