/** A change of the host's routes and addresses as an administrator would type it, for errors and logs. */
import { getSystemErrorMap } from 'node:util';
import { familyOf } from './plan.ts';
import type { RouteItem, RouteStep } from './port.ts';

function object(item: Exclude<RouteItem, { kind: 'link' }>): string {
  switch (item.kind) {
    case 'address':
      return `address ${item.address}/${familyOf(item.address) === 6 ? 128 : 32} dev ${item.interface}`;
    case 'route': {
      const source = item.source === null ? '' : ` src ${item.source}`;
      return `route ${item.destination} dev ${item.interface}${source} table ${item.table} metric ${item.metric}`;
    }
    case 'throw':
      return `route throw ${item.destination} table ${item.table} metric ${item.metric}`;
    case 'rule':
      return `IPv${item.family} rule pref ${item.preference} lookup ${item.table}`;
  }
}

export const additionText = (item: RouteItem): string =>
  item.kind === 'link' ? `set dev ${item.interface} mtu ${item.mtu} up` : `add ${object(item)}`;

export function removalText({ item, before }: RouteStep): string {
  if (item.kind !== 'link') return `delete ${object(item)}`;
  const mtu = before === null ? '' : ` mtu ${before.mtu}${before.up ? '' : ' down'}`;
  return `set dev ${item.interface}${mtu}`;
}

/** An error number by its name and meaning, then what the kernel said itself. 0 is no number: its words are all. */
export function errnoText(errno: number, words: string): string {
  if (errno === 0) return words;
  const [name, meaning] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, 'see the error number'];
  return `${meaning} (${name})${words === '' ? '' : `: ${words}`}`;
}
