/** Reads what `ip -json -numeric` prints. Pure; fields that are not as expected are left out, never guessed. */
import { canonicalIp, formatPrefix, parsePrefix } from '../../base/ip.ts';
import type { Family, ObservedRoute, ObservedRule } from './port.ts';

export interface ShownLink {
  readonly name: string;
  readonly mtu: number;
  readonly up: boolean;
  readonly addresses: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

/** The objects of a JSON list. An empty text is an empty list: iproute2 prints nothing when there is nothing. */
function objects(text: string): readonly Fields[] {
  const trimmed = text.trim();
  if (trimmed === '') return [];
  const value: unknown = JSON.parse(trimmed);
  return Array.isArray(value) ? value.filter(isFields) : [];
}

/** `ip -j address show`. @throws SyntaxError when the text is no JSON */
export function readLinks(text: string): ShownLink[] {
  const links: ShownLink[] = [];
  for (const { ifname, mtu, flags, addr_info } of objects(text)) {
    if (typeof ifname !== 'string' || typeof mtu !== 'number') continue;
    const addresses: string[] = [];
    for (const info of Array.isArray(addr_info) ? addr_info.filter(isFields) : []) {
      const address = typeof info.local === 'string' ? canonicalIp(info.local) : undefined;
      if (address !== undefined) addresses.push(address);
    }
    links.push({ name: ifname, mtu, up: Array.isArray(flags) && flags.includes('UP'), addresses });
  }
  return links;
}

/** rtnetlink's RTN_THROW, as `-numeric` prints it, and as iproute2 prints it otherwise. */
const THROW_TYPES: readonly unknown[] = ['9', 'throw'];

/** `ip -N -j route show table T` of one family. @throws SyntaxError when the text is no JSON */
export function readRoutes(text: string, family: Family): ObservedRoute[] {
  const routes: ObservedRoute[] = [];
  for (const { type, dst, dev, prefsrc, metric } of objects(text)) {
    if (typeof dst !== 'string') continue;
    const prefix = parsePrefix(dst === 'default' ? (family === 6 ? '::/0' : '0.0.0.0/0') : dst);
    if (prefix === undefined) continue;
    const throws = THROW_TYPES.includes(type);
    routes.push({
      throws,
      destination: formatPrefix(prefix),
      metric: typeof metric === 'number' ? metric : 0,
      interface: !throws && typeof dev === 'string' ? dev : null,
      source: typeof prefsrc === 'string' ? (canonicalIp(prefsrc) ?? null) : null,
    });
  }
  return routes;
}

/** iproute2 names these three even with `-numeric` when no file maps them. */
const NAMED_TABLES: Readonly<Record<string, number>> = { local: 255, main: 254, default: 253 };

/** `ip -N -j rule show` of one family. @throws SyntaxError when the text is no JSON */
export function readRules(text: string, family: Family): ObservedRule[] {
  const rules: ObservedRule[] = [];
  for (const { priority, table } of objects(text)) {
    if (typeof priority !== 'number' || typeof table !== 'string') continue;
    const number = NAMED_TABLES[table] ?? Number(table);
    if (Number.isInteger(number)) rules.push({ family, table: number, preference: priority });
  }
  return rules;
}
