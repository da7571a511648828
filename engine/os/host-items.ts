/** What can be changed on a host, in words. */
import { assertNever } from '../base/assert-never.ts';
import type { DnsItem } from './dns/port.ts';
import type { RouteItem } from './route/port.ts';

export type HostItem = RouteItem | DnsItem;

const isHost = (destination: string): boolean =>
  destination.endsWith(destination.includes(':') ? '/128' : '/32');

/** One line for the log and `status`: the thing, then what became of it. */
export function describeItem(item: HostItem, outcome: string): string {
  const source = item.kind === 'route' && item.source !== null ? ` from ${item.source}` : '';
  switch (item.kind) {
    case 'link':
      return `interface ${item.interface} up, MTU ${item.mtu}: ${outcome}`;
    case 'address':
      return `address ${item.address} on ${item.interface}: ${outcome}`;
    case 'route':
      return `route ${item.destination} into ${item.interface}${source}: ${outcome}`;
    case 'throw':
      return `bypass for ${isHost(item.destination) ? 'gateway' : 'network'} ${item.destination}: ${outcome}`;
    case 'rule':
      return `IPv${item.family} rule for table ${item.table}: ${outcome}`;
    case 'dns-link':
    case 'dns-record':
      return `name servers ${item.servers.join(' ')}: ${outcome}`;
    case 'dns-file':
      return `name servers in ${item.path}: ${outcome}`;
    default:
      return assertNever(item);
  }
}
