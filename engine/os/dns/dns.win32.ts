/**
 * Name servers on Windows. A rule of the Name Resolution Policy Table sends names to them: all names, or those of some
 * domains. Without domains they are the interface's own too (`SetInterfaceDnsSettings`), for programs that ask an
 * interface's servers by themselves; with domains they are not, for Windows would then ask them anything.
 */
import { isIpv6 } from '../../base/ip.ts';
import { OsError } from '../error.ts';
import { DNS_INTERFACE_SETTINGS, DNS_SETTING, DNS_SETTINGS_VERSION, ERROR } from '../ffi/abi.win32.ts';
import type { WindowsSystem } from '../ffi/advapi32.win32.ts';
import type { IpHelper } from '../ffi/iphlpapi.win32.ts';
import { addressOf, fixedMemory } from '../ffi/memory.ts';
import { wideText } from '../ffi/wide.win32.ts';
import { adapterGuid } from '../tun/tun.win32.ts';
import { guidText, rulePath, ruleValues } from './nrpt.win32.ts';
import type { DnsItem, DnsLinkItem, DnsPort, DnsRemoval, DnsWorld } from './port.ts';

const DNS_CLIENT = 'Dnscache';

const WORLD: DnsWorld = {
  native: 'a rule of the Name Resolution Policy Table',
  resolvedRuns: false,
  resolvedHere: null,
  resolvectl: false,
  resolvconf: null,
  ownNamespace: false,
  mounted: false,
  target: '',
  text: null,
  nssResolve: false,
};

function failed(what: string, error: number): OsError {
  if (error === ERROR.ACCESS_DENIED)
    return new OsError('permission', 'setting name servers needs the rights of LocalSystem', what);
  return new OsError('dns-failed', 'the name servers could not be set', `${what}: error ${error}`);
}

/** Journals of other systems may name what there is none of here. */
function onInterface(item: DnsItem): DnsLinkItem {
  if (item.kind !== 'dns-link')
    throw new OsError('dns-failed', `Windows has no ${item.kind} for name servers`);
  return item;
}

/** Called for each family: with the servers of the family, or an empty list to have none. */
function setInterfaceServers(helper: IpHelper, guid: Uint8Array, servers: readonly string[]): number {
  const { setDns } = helper;
  if (!setDns) return ERROR.SUCCESS;
  for (const six of [false, true]) {
    const names = wideText(servers.filter((server) => isIpv6(server) === six).join(','));
    const settings = fixedMemory(DNS_INTERFACE_SETTINGS.size);
    const fields = new DataView(settings.buffer);
    const flags = DNS_SETTING.NAMESERVER | (six ? DNS_SETTING.IPV6 : 0);
    fields.setUint32(DNS_INTERFACE_SETTINGS.version, DNS_SETTINGS_VERSION, true);
    fields.setBigUint64(DNS_INTERFACE_SETTINGS.flags, BigInt(flags), true);
    fields.setBigUint64(DNS_INTERFACE_SETTINGS.nameServer, BigInt(addressOf(names)), true);
    const error = setDns(guid, settings);
    if (error !== ERROR.SUCCESS) return error;
  }
  return ERROR.SUCCESS;
}

export function windowsDns(helper: IpHelper, system: WindowsSystem): DnsPort {
  const { registry } = system;
  const guidOf = (name: string): Uint8Array | undefined => {
    const luid = helper.luidOf(name);
    return luid && helper.guidOf(luid);
  };
  /** The rules are in force once the DNS client has read them; where it does not run, nobody asks it either. */
  const announce = (): void => {
    const error = system.paramChange(DNS_CLIENT);
    const absent = error === ERROR.SERVICE_DOES_NOT_EXIST || error === ERROR.SERVICE_NOT_ACTIVE;
    if (error !== ERROR.SUCCESS && !absent) throw failed('ControlService Dnscache', error);
    system.flushDnsCache();
  };
  return {
    survey: async () => WORLD,
    read: async () => null,
    put: async (any) => {
      const item = onInterface(any);
      const guid = guidOf(item.interface);
      if (!guid) throw failed(`no interface ${item.interface}`, ERROR.NOT_FOUND);
      const own = setInterfaceServers(helper, guid, item.domains.length === 0 ? item.servers : []);
      if (own !== ERROR.SUCCESS) throw failed('SetInterfaceDnsSettings', own);
      const rule = registry.writeVolatile(pathOf(item), ruleValues(item));
      if (rule !== ERROR.SUCCESS) throw failed('RegSetValueEx', rule);
      announce();
    },
    remove: async (any): Promise<DnsRemoval> => {
      const item = onInterface(any);
      const path = pathOf(item);
      const there = registry.readText(path, 'GenericDNSServers');
      const guid = guidOf(item.interface);
      if (guid) setInterfaceServers(helper, guid, []);
      if (there === undefined) return 'gone';
      if (there !== ruleValues(item).GenericDNSServers) return 'foreign';
      const error = registry.remove(path);
      if (error !== ERROR.SUCCESS && error !== ERROR.FILE_NOT_FOUND) throw failed('RegDeleteKeyEx', error);
      announce();
      return 'undone';
    },
  };
}

/** By the GUID that an adapter of this name gets, so that it is known when the adapter is gone. */
const pathOf = (item: DnsLinkItem): string => rulePath(guidText(adapterGuid(item.interface)));
