/** Name servers in memory, for tests: one resolv.conf, and a record of what the resolvers were told. */
import { OsError } from '../error.ts';
import type { DnsItem, DnsPort, DnsRemoval, DnsWorld, FileBefore } from './port.ts';
import { isOurs } from './resolv-conf.ts';

export interface FakeDns extends DnsPort {
  world: DnsWorld;
  file: FileBefore | null;
  /** What resolved and resolvconf hold now. */
  readonly told: Map<string, DnsItem>;
  /** The next `put` fails. */
  fail: boolean;
}

/** A host without systemd-resolved and resolvconf. */
export const PLAIN_WORLD: DnsWorld = {
  resolvedRuns: false,
  resolvedHere: null,
  resolvectl: false,
  resolvconf: null,
  ownNamespace: false,
  mounted: false,
  target: '/etc/resolv.conf',
  text: 'nameserver 192.0.2.53\n',
  nssResolve: false,
};

const nameOf = (item: DnsItem): string => {
  switch (item.kind) {
    case 'dns-link':
      return item.interface;
    case 'dns-record':
      return item.record;
    case 'dns-file':
      return item.path;
  }
};

const octets = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

/** A resolver world in memory; resolv.conf begins with `world.text`. */
export function fakeDns(world: DnsWorld = PLAIN_WORLD): FakeDns {
  const fake: FakeDns = {
    world,
    file: world.text === null ? null : { content: btoa(world.text), mode: 0o644, uid: 0, gid: 0 },
    told: new Map(),
    fail: false,
    survey: async (): Promise<DnsWorld> => ({ ...fake.world, text: fake.file && atob(fake.file.content) }),
    read: async (): Promise<FileBefore | null> => fake.file,
    put: async (item: DnsItem): Promise<void> => {
      if (fake.fail) throw new OsError('dns-failed', 'asked to fail', nameOf(item));
      if (item.kind !== 'dns-file') fake.told.set(nameOf(item), item);
      else fake.file = { mode: 0o644, uid: 0, gid: 0, ...fake.file, content: btoa(item.text) };
    },
    remove: async (item: DnsItem, before: FileBefore | null): Promise<DnsRemoval> => {
      if (item.kind !== 'dns-file') return fake.told.delete(nameOf(item)) ? 'undone' : 'gone';
      if (fake.file === null || fake.file.content === before?.content) return 'gone';
      const was = octets(before?.content ?? '');
      if (!isOurs(octets(fake.file.content), was, octets(btoa(item.text)))) return 'foreign';
      fake.file = before;
      return 'undone';
    },
  };
  return fake;
}
