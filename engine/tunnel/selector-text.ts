/** Traffic selectors as strongSwan prints them: `10.0.0.0/8`, `10.0.0.1..10.0.0.9[tcp/443]`. */
import { formatIp, formatPrefix, rangePrefix } from '../base/ip.ts';
import type { Selector } from '../esp/params.ts';

const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'ipv6-icmp' };

export function selectorText(selector: Selector): string {
  const prefix = rangePrefix(selector);
  const range = prefix ? formatPrefix(prefix) : `${formatIp(selector.start)}..${formatIp(selector.end)}`;
  const anyPort = selector.startPort === 0 && selector.endPort === 65535;
  if (selector.protocol === 0 && anyPort) return range;
  const protocol = selector.protocol === 0 ? '' : (PROTOCOLS[selector.protocol] ?? String(selector.protocol));
  if (anyPort) return `${range}[${protocol}]`;
  const ports =
    selector.startPort === selector.endPort
      ? String(selector.startPort)
      : `${selector.startPort}-${selector.endPort}`;
  return `${range}[${protocol}/${ports}]`;
}
