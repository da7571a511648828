/**
 * Rules of the Name Resolution Policy Table ([MS-GPNRPT] §2.2.2): which servers the names below a domain are asked of.
 * They are keys of the registry, which the DNS client reads when it is told to; a restart of Windows removes ours. Pure.
 */
import type { DnsLinkItem } from './port.ts';

/** Below HKEY_LOCAL_MACHINE: the local table, beside the one of group policies. */
const TABLE = 'SYSTEM\\CurrentControlSet\\Services\\Dnscache\\Parameters\\DnsPolicyConfig';

/** Only generic DNS servers are given. */
const GENERIC_SERVERS = 8;
const VERSION = 2;

/** Key of an interface's rule: the same each time, so that it is found again after a crash. */
export const rulePath = (guid: string): string => `${TABLE}\\Culvert-${guid}`;

export const ruleValues = ({
  interface: name,
  servers,
  domains,
}: DnsLinkItem): Readonly<Record<string, number | string | readonly string[]>> => ({
  Version: VERSION,
  ConfigOptions: GENERIC_SERVERS,
  // `.corp.example` is the domain and all below it, `.` is every name.
  Name: domains.length === 0 ? ['.'] : domains.map((domain) => `.${domain.replace(/\.$/, '')}`),
  GenericDNSServers: serverList(servers),
  IPSECCARestriction: '',
  Comment: `Culvert, interface ${name}`,
});

export const serverList = (servers: readonly string[]): string => servers.join(';');

/** `{8-4-4-4-12}` of a GUID as it lies in memory: its first three fields are little-endian. */
export function guidText(guid: Uint8Array): string {
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
  const hex = order.map((i) => (guid[i] as number).toString(16).padStart(2, '0')).join('');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
  return `{${parts.join('-').toUpperCase()}}`;
}
