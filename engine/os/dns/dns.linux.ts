/**
 * Name servers on Linux: resolvectl, resolvconf, or resolv.conf itself.
 *
 * - systemd-resolved: servers for our interface; `~.` sends it every name, `~corp.example` one domain's. Its
 *   settings are the interface's and go with it.
 * - openresolv: `-x` makes our record the only one that counts. Debian's resolvconf knows no `-x`, and orders
 *   records by name: those that begin with `tun` come before those of Ethernet.
 */
import { access, lstat, readFile, readlink, realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type CommandRunner, commandLine } from '../command.ts';
import { OsError } from '../error.ts';
import { dropDraft, readWhole, removeWhole, writeWhole } from './file.ts';
import type { DnsFileItem, DnsItem, DnsLinkItem, DnsPort, DnsRemoval, DnsWorld, FileBefore } from './port.ts';
import { isOurs } from './resolv-conf.ts';

const LINK_LIMIT = 16;
/** The bus's own question for the process that has a name (D-Bus specification, "Message Bus Messages"). */
const PROCESS_OF = [
  'org.freedesktop.DBus',
  '/org/freedesktop/DBus',
  'org.freedesktop.DBus',
  'GetConnectionUnixProcessID',
  's',
] as const;
/** Where commands look for the bus (D-Bus specification, "System message bus"); without it there is nobody to ask. */
const SYSTEM_BUS = '/run/dbus/system_bus_socket';
const NEW_FILE_MODE = 0o644;

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

async function textOf(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null);
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Where a path leads, also when the last link leads to nothing. */
async function follow(path: string): Promise<string> {
  let at = path;
  for (let n = 0; n < LINK_LIMIT; n++) {
    const info = await lstat(at).catch(() => null);
    if (!info?.isSymbolicLink()) break;
    at = resolve(dirname(at), await readlink(at));
  }
  const folder = await realpath(dirname(at)).catch(() => dirname(at));
  return resolve(folder, at.slice(at.lastIndexOf('/') + 1));
}

/** Column 5 of /proc/self/mountinfo, with its octal escapes (proc(5)). */
async function isMountPoint(path: string): Promise<boolean> {
  const table = (await textOf('/proc/self/mountinfo')) ?? '';
  return table.split('\n').some((line) => {
    const point = line
      .split(' ')[4]
      ?.replace(/\\([0-7]{3})/g, (_, o: string) => String.fromCharCode(Number.parseInt(o, 8)));
    return point === path;
  });
}

/** Null for a process of another user where we may not look at it (ptrace(2), access mode checking). */
const namespaceOf = (process: string): Promise<string | null> =>
  readlink(`/proc/${process}/ns/net`).catch(() => null);

async function inOwnNamespace(): Promise<boolean> {
  const [own, first] = await Promise.all([namespaceOf('self'), namespaceOf('1')]);
  return own !== null && first !== null && own !== first;
}

async function whichResolvconf(commands: CommandRunner): Promise<DnsWorld['resolvconf']> {
  const path = commands.find('resolvconf');
  if (path === undefined) return null;
  const real = await realpath(path).catch(() => path);
  if (real.endsWith('/resolvectl')) return 'resolvectl';
  const { stdout, status } = await commands.run('resolvconf', ['--version']);
  return status === 0 && /openresolv/.test(stdout) ? 'openresolv' : 'debian';
}

/**
 * Asks the bus who has resolved's name, which tells its process as well; `resolvectl` would start a service that is only
 * installed, and `busctl status` fails where there are no control groups.
 */
async function findResolved(
  commands: CommandRunner,
): Promise<Pick<DnsWorld, 'resolvedRuns' | 'resolvedHere'>> {
  const absent = { resolvedRuns: false, resolvedHere: null };
  if (commands.find('resolvectl') === undefined || !(await isThere(SYSTEM_BUS))) return absent;
  if (commands.find('busctl') === undefined) {
    const { status } = await commands.run('resolvectl', ['status']);
    return { resolvedRuns: status === 0, resolvedHere: null };
  }
  const { status, stdout } = await commands.run('busctl', [
    'call',
    ...PROCESS_OF,
    'org.freedesktop.resolve1',
  ]);
  if (status !== 0) return absent;
  const [own, theirs] = await Promise.all([
    namespaceOf('self'),
    namespaceOf(/^u (\d+)$/m.exec(stdout)?.[1] ?? ''),
  ]);
  return { resolvedRuns: true, resolvedHere: own === null || theirs === null ? null : own === theirs };
}

async function must(
  commands: CommandRunner,
  name: string,
  args: readonly string[],
  input?: string,
): Promise<void> {
  const result = await commands.run(name, args, input === undefined ? {} : { input });
  if (result.status === 0) return;
  const said = (result.stderr || result.stdout).trim();
  throw new OsError('dns-failed', 'the name servers could not be set', `${commandLine(name, args)}: ${said}`);
}

async function putLink(commands: CommandRunner, item: DnsLinkItem): Promise<void> {
  const all = item.domains.length === 0;
  const domains = all ? ['~.'] : item.domains.map((d) => `~${d}`);
  // Three properties of one link, each by itself: side by side they take no longer than one. All must have ended
  // before a failure is told, for what is undone then must not be overtaken.
  const set = await Promise.allSettled([
    must(commands, 'resolvectl', ['dns', item.interface, ...item.servers]),
    must(commands, 'resolvectl', ['domain', item.interface, ...domains]),
    must(commands, 'resolvectl', ['default-route', item.interface, all ? 'yes' : 'no']),
  ]);
  for (const result of set) if (result.status === 'rejected') throw result.reason;
}

async function removeLink(commands: CommandRunner, item: DnsLinkItem): Promise<DnsRemoval> {
  const shown = await commands.run('resolvectl', ['dns', item.interface]);
  if (shown.status !== 0) return 'gone';
  const words = shown.stdout.split(/\s+/);
  if (!item.servers.every((s) => words.includes(s))) return 'foreign';
  await must(commands, 'resolvectl', ['revert', item.interface]);
  return 'undone';
}

async function removeFile(item: DnsFileItem, before: FileBefore | null): Promise<DnsRemoval> {
  await dropDraft(item.path);
  const now = await readWhole(item.path);
  if (now === null) return 'gone';
  const was = Buffer.from(before?.content ?? '', 'base64');
  const is = Buffer.from(now.content, 'base64');
  if (is.equals(was) && before !== null) return 'gone';
  if (!isOurs(is, was, Buffer.from(item.text, 'utf8'))) return 'foreign';
  if (before === null) await removeWhole(item.path);
  else await writeWhole(item.path, before, await isMountPoint(item.path));
  return 'undone';
}

/** The port on Linux. `path` is resolv.conf's own. */
export function linuxDns(commands: CommandRunner, path = '/etc/resolv.conf'): DnsPort {
  return {
    survey: async (): Promise<DnsWorld> => {
      const target = await follow(path);
      const [resolved, resolvconf, ownNamespace, mounted, text, nsswitch] = await Promise.all([
        findResolved(commands),
        whichResolvconf(commands),
        inOwnNamespace(),
        isMountPoint(target),
        textOf(target),
        textOf('/etc/nsswitch.conf'),
      ]);
      const nssResolve = /^hosts:.*\bresolve\b/m.test(nsswitch ?? '');
      const resolvectl = commands.find('resolvectl') !== undefined;
      return { ...resolved, resolvectl, resolvconf, ownNamespace, mounted, target, text, nssResolve };
    },
    read: readWhole,
    put: async (item: DnsItem, before: FileBefore | null): Promise<void> => {
      switch (item.kind) {
        case 'dns-link':
          return putLink(commands, item);
        case 'dns-record': {
          const exclusive = (await whichResolvconf(commands)) === 'openresolv' ? ['-x'] : [];
          const input = item.servers.map((s) => `nameserver ${s}\n`).join('');
          return must(commands, 'resolvconf', ['-a', item.record, ...exclusive], input);
        }
        case 'dns-file': {
          const like = before ?? { mode: NEW_FILE_MODE, uid: 0, gid: 0 };
          const { mode, uid, gid } = like;
          return writeWhole(
            item.path,
            { content: base64(item.text), mode, uid, gid },
            await isMountPoint(item.path),
          );
        }
      }
    },
    remove: async (item: DnsItem, before: FileBefore | null): Promise<DnsRemoval> => {
      switch (item.kind) {
        case 'dns-link':
          return removeLink(commands, item);
        case 'dns-record':
          await must(commands, 'resolvconf', ['-d', item.record]);
          return 'undone';
        case 'dns-file':
          return removeFile(item, before);
      }
    },
  };
}
