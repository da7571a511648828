/** Name servers of Windows: rules of the policy table and an interface's own servers, over a registry in memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseDnsMode } from '../../../../engine/os/dns/choose.ts';
import { windowsDns } from '../../../../engine/os/dns/dns.win32.ts';
import { guidText, rulePath } from '../../../../engine/os/dns/nrpt.win32.ts';
import type { DnsLinkItem } from '../../../../engine/os/dns/port.ts';
import { OsError } from '../../../../engine/os/error.ts';
import { ERROR } from '../../../../engine/os/ffi/abi.win32.ts';
import type { RegistryValue, WindowsSystem } from '../../../../engine/os/ffi/advapi32.win32.ts';
import { bootIdentity } from '../../../../engine/os/host.win32.ts';
import { adapterGuid } from '../../../../engine/os/tun/tun.win32.ts';
import { fakeHelper } from './support/fake-helper.ts';

interface FakeSystem extends WindowsSystem {
  readonly keys: Map<string, Readonly<Record<string, RegistryValue>>>;
  told: number;
  flushed: number;
  serviceError: number;
}

function fakeSystem(): FakeSystem {
  const keys = new Map<string, Readonly<Record<string, RegistryValue>>>();
  const system: FakeSystem = {
    keys,
    told: 0,
    flushed: 0,
    serviceError: 0,
    registry: {
      writeVolatile: (path, values) => {
        keys.set(path, values);
        return 0;
      },
      readText: (path, name) => {
        const value = keys.get(path)?.[name];
        return typeof value === 'string' ? value : undefined;
      },
      remove: (path) => (keys.delete(path) ? 0 : ERROR.FILE_NOT_FOUND),
    },
    paramChange: (service) => {
      assert.equal(service, 'Dnscache');
      system.told++;
      return system.serviceError;
    },
    flushDnsCache: () => {
      system.flushed++;
    },
  };
  return system;
}

const PATH = rulePath(guidText(adapterGuid('culvert0')));
const item = (domains: readonly string[], servers = ['10.0.0.53', 'fd00::53']): DnsLinkItem => ({
  kind: 'dns-link',
  interface: 'culvert0',
  servers,
  domains,
});

test('all names: a rule for the root, and the interface has the servers too', async () => {
  const [helper, system] = [fakeHelper({ culvert0: 9 }), fakeSystem()];
  const dns = windowsDns(helper, system);
  assert.equal(chooseDnsMode(await dns.survey()).mode, 'resolved');
  await dns.put(item([]), null);
  assert.deepEqual(system.keys.get(PATH), {
    Version: 2,
    ConfigOptions: 8,
    Name: ['.'],
    GenericDNSServers: '10.0.0.53;fd00::53',
    IPSECCARestriction: '',
    Comment: 'Culvert, interface culvert0',
  });
  // Version 1; flags: name servers, and those of IPv6.
  const said = helper.dnsCalls.map(({ settings }) => [settings[0], settings[8]]);
  assert.deepEqual(said, [
    [1, 2],
    [1, 3],
  ]);
  assert.deepEqual([system.told, system.flushed], [1, 1]);
  assert.equal(await dns.remove(item([]), null), 'undone');
  assert.equal(system.keys.size, 0);
  assert.equal(system.told, 2);
  assert.equal(await dns.remove(item([]), null), 'gone');
});

test('some names: a rule for each domain and what is below it', async () => {
  const [helper, system] = [fakeHelper({ culvert0: 9 }), fakeSystem()];
  await windowsDns(helper, system).put(item(['corp.example', 'lab.example.']), null);
  assert.deepEqual(system.keys.get(PATH)?.Name, ['.corp.example', '.lab.example']);
});

test('a rule that somebody has changed is theirs', async () => {
  const [helper, system] = [fakeHelper({ culvert0: 9 }), fakeSystem()];
  const dns = windowsDns(helper, system);
  await dns.put(item([]), null);
  system.keys.set(PATH, { ...system.keys.get(PATH), GenericDNSServers: '192.0.2.53' });
  assert.equal(await dns.remove(item([]), null), 'foreign');
  assert.equal(system.keys.size, 1);
});

test('a crash is undone without the adapter', async () => {
  const system = fakeSystem();
  await windowsDns(fakeHelper({ culvert0: 9 }), system).put(item([]), null);
  assert.equal(await windowsDns(fakeHelper({}), system).remove(item([]), null), 'undone');
});

test('a machine without the DNS client is no failure, a refusal is', async () => {
  const [helper, system] = [fakeHelper({ culvert0: 9 }), fakeSystem()];
  const dns = windowsDns(helper, system);
  system.serviceError = ERROR.SERVICE_DOES_NOT_EXIST;
  await dns.put(item([]), null);
  system.serviceError = ERROR.ACCESS_DENIED;
  await assert.rejects(dns.put(item([]), null), (e) => e instanceof OsError && e.code === 'permission');
  helper.failNext = { call: 'dns', error: 87 };
  await assert.rejects(
    dns.put(item([]), null),
    (e) => e instanceof OsError && /SetInterfaceDnsSettings: error 87/.test(e.detail),
  );
  const file = { kind: 'dns-file', path: '/etc/resolv.conf', text: '' } as const;
  await assert.rejects(dns.put(file, null), (e) => e instanceof OsError && e.code === 'dns-failed');
});

test('a boot keeps its identity until its key is gone', () => {
  const { registry, keys } = fakeSystem();
  let made = 0;
  const make = (): string => `boot ${++made}`;
  assert.equal(bootIdentity(registry, make), 'boot 1');
  assert.equal(bootIdentity(registry, make), 'boot 1');
  keys.clear();
  assert.equal(bootIdentity(registry, make), 'boot 2');
  const refusing = { ...registry, readText: () => undefined, writeVolatile: () => ERROR.ACCESS_DENIED };
  assert.throws(
    () => bootIdentity(refusing, make),
    (e) => e instanceof OsError && e.code === 'permission',
  );
});

test('GUIDs are written as Windows does', () => {
  const guid = Uint8Array.from({ length: 16 }, (_, i) => i);
  assert.equal(guidText(guid), '{03020100-0504-0706-0809-0A0B0C0D0E0F}');
  assert.notDeepEqual(adapterGuid('culvert0'), adapterGuid('culvert1'));
  assert.match(
    guidText(adapterGuid('culvert0')),
    /^\{[\dA-F]{8}-[\dA-F]{4}-8[\dA-F]{3}-[89AB][\dA-F]{3}-[\dA-F]{12}\}$/,
  );
});
