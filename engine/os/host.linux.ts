/** What the host needs of Linux: iproute2, the resolvers, the kernel's boot id and a journal on disk. */
import { readFile } from 'node:fs/promises';
import { systemCommands } from './command.ts';
import { linuxDns } from './dns/dns.linux.ts';
import type { HostEnvironment } from './host.ts';
import { openJournal } from './journal/journal.ts';
import { CULVERT_ROUTING, linuxRoutes } from './route/route.linux.ts';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

export function linuxHostEnvironment(): HostEnvironment {
  const commands = systemCommands();
  return {
    routes: linuxRoutes(commands),
    dns: linuxDns(commands),
    routing: CULVERT_ROUTING,
    bootId: async (): Promise<string> => (await readFile(BOOT_ID, 'utf8')).trim(),
    openJournal: (stateDir, bootId) => openJournal({ stateDir, bootId }),
  };
}
