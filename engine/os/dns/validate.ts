/** Checks DNS items that were read back from the journal, before any of it reaches a command or a file. Pure. */
import { canonicalIp } from '../../base/ip.ts';
import { isDomain, isInterfaceName } from '../route/validate.ts';
import type { DnsItem, FileBefore } from './port.ts';

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isList = (value: unknown, test: (text: string) => boolean): value is readonly string[] =>
  Array.isArray(value) && value.every((v) => typeof v === 'string' && test(v));
const isServer = (text: string): boolean => canonicalIp(text) !== undefined;

/** An interface's name between what makes it ours and what puts it first with Debian's resolvconf. */
const RECORD = /^tun-(.{1,15})\.culvert$/;

/** An item as the journal holds it, or undefined when the value is none. */
export function readDnsItem(value: unknown): DnsItem | undefined {
  if (!isFields(value)) return undefined;
  const { kind, interface: name, servers, domains, record, path, text } = value;
  switch (kind) {
    case 'dns-link':
      return typeof name === 'string' &&
        isInterfaceName(name) &&
        isList(servers, isServer) &&
        isList(domains, isDomain)
        ? { kind, interface: name, servers, domains }
        : undefined;
    case 'dns-record':
      return typeof record === 'string' &&
        isInterfaceName(RECORD.exec(record)?.[1] ?? '') &&
        isList(servers, isServer)
        ? { kind, record, servers }
        : undefined;
    case 'dns-file':
      return typeof path === 'string' && path.startsWith('/') && typeof text === 'string'
        ? { kind, path, text }
        : undefined;
    default:
      return undefined;
  }
}

/** A file as the journal holds it, or null when the value is none. */
export function readFileBefore(value: unknown): FileBefore | null {
  if (!isFields(value)) return null;
  const { content, mode, uid, gid } = value;
  if (
    typeof content !== 'string' ||
    typeof mode !== 'number' ||
    typeof uid !== 'number' ||
    typeof gid !== 'number'
  ) {
    return null;
  }
  return { content, mode, uid, gid };
}
