/** Decides which name servers to set and which to take back, over all tunnels at once. Pure. */
import type { HostState } from '../port.ts';
import type { DnsItem, DnsMode, FileBefore } from './port.ts';
import { resolvConf } from './resolv-conf.ts';

export interface OwnedDns {
  readonly id: number;
  readonly item: DnsItem;
  readonly before: FileBefore | null;
}

export interface DnsAddition {
  readonly item: DnsItem;
  readonly before: FileBefore | null;
  readonly journal: boolean;
  readonly tunnel: string;
}

export interface DnsPlan {
  readonly additions: readonly DnsAddition[];
  readonly removals: readonly OwnedDns[];
  /** Replaced by an addition: forget them once that is made. */
  readonly forgotten: readonly OwnedDns[];
  readonly notes: readonly string[];
}

export interface DnsPlanInput {
  readonly desired: readonly (readonly [tunnel: string, state: HostState])[];
  readonly owned: readonly OwnedDns[];
  readonly mode: DnsMode;
  /** Where resolv.conf really is. */
  readonly path: string;
  /** The file at `path` as it is. */
  readonly file: FileBefore | null;
  /** True when that file is still as the given item made it. */
  readonly isOurs: (owned: OwnedDns) => boolean;
}

const sameItem = (a: DnsItem, b: DnsItem): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Where an item sits: two items in one place replace each other. */
const place = (item: DnsItem): string => {
  switch (item.kind) {
    case 'dns-link':
      return `link ${item.interface}`;
    case 'dns-record':
      return `record ${item.record}`;
    case 'dns-file':
      return `file ${item.path}`;
  }
};

const textOf = (file: FileBefore | null): string =>
  file === null ? '' : new TextDecoder().decode(Uint8Array.from(atob(file.content), (c) => c.charCodeAt(0)));

function wanted(
  input: DnsPlanInput,
  base: FileBefore | null,
  notes: string[],
): { item: DnsItem; tunnel: string }[] {
  const items: { item: DnsItem; tunnel: string }[] = [];
  const servers: string[] = [];
  let first = '';
  for (const [tunnel, state] of input.desired) {
    const { dns } = state;
    if (dns.servers.length === 0) continue;
    if (input.mode === 'resolved') {
      items.push({
        item: { kind: 'dns-link', interface: state.interface, servers: dns.servers, domains: dns.domains },
        tunnel,
      });
      continue;
    }
    if (dns.domains.length > 0) {
      const how = input.mode === 'file' ? 'resolv.conf' : 'resolvconf';
      notes.push(
        `name servers ${dns.servers.join(' ')} not set: they are for ${dns.domains.join(' ')} alone, which ${how} cannot say`,
      );
      continue;
    }
    if (input.mode === 'resolvconf') {
      items.push({
        item: { kind: 'dns-record', record: `tun-${state.interface}.culvert`, servers: dns.servers },
        tunnel,
      });
      continue;
    }
    if (first === '') first = tunnel;
    for (const server of dns.servers) if (!servers.includes(server)) servers.push(server);
  }
  if (servers.length > 0) {
    const text = resolvConf(servers, textOf(base));
    items.push({ item: { kind: 'dns-file', path: input.path, text }, tunnel: first });
  }
  return items;
}

/** The steps from what is to what is wanted. */
export function planDns(input: DnsPlanInput): DnsPlan {
  const notes: string[] = [];
  const ours = input.owned.find(
    (o) => o.item.kind === 'dns-file' && o.item.path === input.path && input.isOurs(o),
  );
  const base = ours ? ours.before : input.file;
  const wishes = wanted(input, base, notes);
  const additions: DnsAddition[] = [];
  for (const { item, tunnel } of wishes) {
    const owned = input.owned.some((o) => sameItem(o.item, item));
    if (item.kind === 'dns-file') {
      if (ours && sameItem(ours.item, item) && textOf(input.file) === item.text) continue;
      // A file that is ours no more was replaced by somebody: theirs is what to go back to.
      additions.push({ item, before: base, journal: !(ours && sameItem(ours.item, item)), tunnel });
    } else {
      // Nothing tells whether a resolver still has it (the interface may be a new one): said again, it does no harm.
      additions.push({ item, before: null, journal: !owned, tunnel });
    }
  }
  const kept = input.owned.filter((o) => !wishes.some((w) => sameItem(w.item, o.item)));
  const isReplaced = (o: OwnedDns): boolean => wishes.some((w) => place(w.item) === place(o.item));
  const stale = input.owned.filter(
    (o) => !kept.includes(o) && additions.some((a) => a.journal && sameItem(a.item, o.item)),
  );
  return {
    additions,
    removals: kept.filter((o) => !isReplaced(o)),
    forgotten: [...kept.filter(isReplaced), ...stale],
    notes,
  };
}
