/** What the host needs of macOS: its routing table, the dynamic store, the boot's id and a journal on disk. */
import type { CommandRunner } from './command.ts';
import { darwinDns } from './dns/dns.darwin.ts';
import { OsError } from './error.ts';
import type { DarwinLibc } from './ffi/libc.darwin.ts';
import { darwinFirewall } from './firewall/firewall.darwin.ts';
import { fileGuards } from './firewall/storage.ts';
import type { HostEnvironment } from './host.ts';
import { openJournal } from './journal/journal.ts';
import { DARWIN_ROUTING, darwinRoutes } from './route/route.darwin.ts';

const BOOT_ID = 'kern.bootsessionuuid';

async function bootId(commands: CommandRunner): Promise<string> {
  const { status, stdout, stderr } = await commands.run('sysctl', ['-n', BOOT_ID]);
  const id = stdout.trim();
  if (status !== 0 || id === '')
    throw new OsError('not-supported', 'macOS does not tell its boot apart', `sysctl ${BOOT_ID}: ${stderr}`);
  return id;
}

export const darwinHostEnvironment = (libc: DarwinLibc, commands: CommandRunner): HostEnvironment => ({
  routes: darwinRoutes(libc),
  dns: darwinDns(commands),
  routing: DARWIN_ROUTING,
  followsNetwork: true,
  firewall: darwinFirewall,
  guardStorage: fileGuards,
  bootId: () => bootId(commands),
  openJournal: (stateDir, boot) => openJournal({ stateDir, bootId: boot }),
});
