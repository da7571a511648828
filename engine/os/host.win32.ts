/** What the host needs of Windows: the IP helper, the policy table of names, and an identity of this boot. */
import { randomUUID } from 'node:crypto';
import { windowsDns } from './dns/dns.win32.ts';
import { OsError } from './error.ts';
import { loadWindowsSystem, type Registry } from './ffi/advapi32.win32.ts';
import { loadIpHelper } from './ffi/iphlpapi.win32.ts';
import { windowsFirewall } from './firewall/firewall.win32.ts';
import { fileGuards } from './firewall/storage.ts';
import type { HostEnvironment } from './host.ts';
import { openJournal } from './journal/journal.ts';
import { windowsRoutes } from './route/route.win32.ts';

const BOOT_KEY = 'SOFTWARE\\Culvert\\Boot';
const BOOT_VALUE = 'Id';

/** Windows tells no boot id: ours is a key that a restart removes. @throws OsError `permission` */
export function bootIdentity(registry: Registry, make: () => string): string {
  const known = registry.readText(BOOT_KEY, BOOT_VALUE);
  if (known !== undefined && known !== '') return known;
  const fresh = make();
  const error = registry.writeVolatile(BOOT_KEY, { [BOOT_VALUE]: fresh });
  if (error !== 0)
    throw new OsError(
      'permission',
      'the engine needs the rights of LocalSystem or an administrator',
      `RegCreateKeyEx ${BOOT_KEY}: error ${error}`,
    );
  return fresh;
}

/** The routing table's number and the like mean nothing on Windows; they mark the journal's items. */
const ROUTING = { table: 0, preference: 0, protocol: 3 } as const;

export function windowsHostEnvironment(): HostEnvironment {
  const helper = loadIpHelper();
  const system = loadWindowsSystem();
  return {
    routes: windowsRoutes(helper),
    dns: windowsDns(helper, system),
    routing: ROUTING,
    followsNetwork: true,
    firewall: windowsFirewall,
    guardStorage: fileGuards,
    bootId: async () => bootIdentity(system.registry, randomUUID),
    openJournal: (stateDir, bootId) => openJournal({ stateDir, bootId }),
  };
}
