/** What the host needs of Linux: rtnetlink, the resolvers, the kernel's boot id and a journal on disk. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { systemCommands } from './command.ts';
import { linuxDns } from './dns/dns.linux.ts';
import { OsError } from './error.ts';
import { loadLinuxLibc } from './ffi/libc.linux.ts';
import { linuxFirewall } from './firewall/firewall.linux.ts';
import { fileGuards } from './firewall/storage.ts';
import type { HostEnvironment } from './host.ts';
import { openJournal } from './journal/journal.ts';
import { openNetlink } from './netlink/socket.linux.ts';
import type { Routing } from './route/port.ts';
import { CULVERT_ROUTING, linuxRoutes } from './route/route.linux.ts';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** Where the engine of the system keeps its state. */
export const SYSTEM_STATE = '/var/lib/culvert';

/** Tables and preferences from 4501 on for engines with a state of their own, so that they do not share a table. */
const OTHER_TABLES = 1000;

/** The same for a state folder each time, so that what a crash left is found again. */
export function routingOf(stateDir: string): Routing {
  const folder = resolve(stateDir);
  if (folder === SYSTEM_STATE) return CULVERT_ROUTING;
  const offset = 1 + (createHash('sha256').update(folder).digest().readUInt32BE(0) % OTHER_TABLES);
  const { table, preference, protocol } = CULVERT_ROUTING;
  return { table: table + offset, preference: preference + offset, protocol };
}

const tableName = ({ table }: Routing): string => `culvert${table}`;

/** The nftables table of an engine. */
export const firewallTable = (stateDir: string): string => tableName(routingOf(stateDir));

/** @throws OsError `not-supported` where the bindings do not fit, as on 32-bit machines */
export function linuxHostEnvironment(routing: Routing = CULVERT_ROUTING): HostEnvironment {
  const commands = systemCommands();
  const libc = loadLinuxLibc();
  if (libc === undefined) throw new OsError('not-supported', `routes cannot be set on ${process.arch} yet`);
  return {
    routes: linuxRoutes(openNetlink(libc)),
    dns: linuxDns(commands),
    routing,
    firewall: linuxFirewall(commands, tableName(routing)),
    guardStorage: fileGuards,
    bootId: async (): Promise<string> => (await readFile(BOOT_ID, 'utf8')).trim(),
    openJournal: (stateDir, bootId) => openJournal({ stateDir, bootId }),
  };
}
