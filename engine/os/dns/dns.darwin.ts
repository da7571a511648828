/**
 * Name servers on macOS: a service of ours in the dynamic store, through scutil(8), by its standard input.
 *
 * SupplementalMatchDomains says which names go to the servers (as NEDNSSettings.matchDomains does): the domains of a
 * split tunnel, or the empty domain, which every name ends in. Nothing of the system's own services is changed, so
 * taking the service away puts everything back. What is set outlives the command, and a crash of ours, but no restart.
 */
import type { CommandRunner } from '../command.ts';
import { OsError } from '../error.ts';
import type { DnsItem, DnsLinkItem, DnsPort, DnsRemoval, DnsWorld } from './port.ts';

const keyOf = (item: DnsLinkItem): string => `State:/Network/Service/culvert-${item.interface}/DNS`;

/** An empty word and a word of the configuration's own language must be quoted. */
const word = (text: string): string => (text === '' ? '""' : text);

const NATIVE = "a service in macOS's dynamic store";

const WORLD: DnsWorld = {
  native: NATIVE,
  resolvedRuns: false,
  resolvedHere: null,
  resolvectl: false,
  resolvconf: null,
  ownNamespace: false,
  mounted: false,
  target: '/etc/resolv.conf',
  text: null,
  nssResolve: false,
};

/** The commands that scutil reads. */
export function putScript(item: DnsLinkItem): string {
  const domains = item.domains.length === 0 ? [''] : item.domains;
  return [
    'd.init',
    `d.add ServerAddresses * ${item.servers.join(' ')}`,
    `d.add SupplementalMatchDomains * ${domains.map(word).join(' ')}`,
    // The domains say where names go, not what is put behind short ones.
    'd.add SupplementalMatchDomainsNoSearch # 1',
    `set ${keyOf(item)}`,
    'quit',
    '',
  ].join('\n');
}

async function scutil(commands: CommandRunner, input: string): Promise<string> {
  const { status, stdout, stderr } = await commands.run('scutil', [], { input });
  // It ends with 0 whatever happened, and says in words what went wrong.
  const said = `${stdout}\n${stderr}`.trim();
  if (status !== 0 || /Permission denied|could not|not available|Failure/i.test(said))
    throw new OsError('dns-failed', 'the name servers could not be set', `scutil: ${said.slice(0, 300)}`);
  return stdout;
}

/** The servers of `show KEY`, `undefined` when there is no such key. */
export function shownServers(text: string): readonly string[] | undefined {
  if (/No such key/.test(text)) return undefined;
  const array = /ServerAddresses : <array> \{([^}]*)\}/.exec(text)?.[1] ?? '';
  return [...array.matchAll(/^\s*\d+ : (\S+)\s*$/gm)].map((m) => m[1] ?? '');
}

const linkOf = (item: DnsItem): DnsLinkItem => {
  if (item.kind === 'dns-link') return item;
  throw new OsError('dns-failed', 'a way to set name servers that macOS does not have', item.kind);
};

async function remove(commands: CommandRunner, item: DnsLinkItem): Promise<DnsRemoval> {
  const key = keyOf(item);
  const servers = shownServers(await scutil(commands, `show ${key}\nquit\n`));
  if (servers === undefined) return 'gone';
  if (servers.join(' ') !== item.servers.join(' ')) return 'foreign';
  await scutil(commands, `remove ${key}\nquit\n`);
  return 'undone';
}

/** The port on macOS. */
export const darwinDns = (commands: CommandRunner): DnsPort => ({
  survey: async () => WORLD,
  read: async () => null,
  put: async (item) => {
    await scutil(commands, putScript(linkOf(item)));
  },
  remove: async (item) => remove(commands, linkOf(item)),
});
