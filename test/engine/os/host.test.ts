import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '../../../engine/base/log.ts';
import { fakeDns, PLAIN_WORLD } from '../../../engine/os/dns/dns.fake.ts';
import { memoryFirewall } from '../../../engine/os/firewall/firewall.fake.ts';
import { memoryGuards } from '../../../engine/os/firewall/storage.fake.ts';
import { memoryHost } from '../../../engine/os/host.fake.ts';
import { openHost } from '../../../engine/os/host.ts';
import { memoryJournal } from '../../../engine/os/journal/journal.fake.ts';
import type { Journal } from '../../../engine/os/journal/port.ts';
import type { Host, HostState } from '../../../engine/os/port.ts';
import { destinations, fakeRoutes } from '../../../engine/os/route/route.fake.ts';
import { selectHost } from '../../../engine/os/select.ts';

const state: HostState = {
  interface: 't0',
  mtu: 1400,
  addresses: [{ address: '10.3.0.5', length: 32 }],
  routes: [
    { address: '10.0.0.0', length: 8 },
    { address: '172.16.0.0', length: 12 },
  ],
  bypass: ['198.51.100.1'],
  dns: { servers: ['10.3.0.53'], domains: [] },
};
const other: HostState = {
  ...state,
  interface: 't1',
  routes: [],
  addresses: [],
  dns: { servers: [], domains: [] },
};

function world(): { routes: ReturnType<typeof fakeRoutes>; dns: ReturnType<typeof fakeDns> } {
  return { routes: fakeRoutes(['t0', 't1']), dns: fakeDns() };
}

type World = ReturnType<typeof world>;

const openOn = (on: World, journal: Journal, bootId = 'b1'): Promise<Host> =>
  openHost({
    stateDir: '/nowhere',
    log: silentLog,
    environment: {
      ...on,
      firewall: memoryFirewall(),
      guardStorage: () => memoryGuards(),
      routing: { table: 4500, preference: 4500, protocol: 145 },
      bootId: async () => bootId,
      openJournal: async () => journal,
    },
  });

const picture = (on: World): unknown =>
  structuredClone([[...on.routes.links], on.routes.routes, on.routes.rules, on.dns.file, [...on.dns.told]]);

test('apply, the same again, a change, clear', async () => {
  const on = world();
  const before = picture(on);
  const journal = memoryJournal('b1');
  const host = await openOn(on, journal);
  assert.equal((await host.apply('a', state)).length, 7);
  assert.deepEqual(await host.apply('a', state), []);
  const fewer = { ...state, routes: state.routes.slice(0, 1) };
  assert.deepEqual(await host.apply('a', fewer), [
    { description: 'route 172.16.0.0/12 into t0 from 10.3.0.5: removed' },
  ]);
  await host.clear('a');
  assert.deepEqual(picture(on), before);
  assert.deepEqual(journal.live(), []);
  assert.deepEqual(await host.clear('a'), []);
});

test('whatever fails midway, apply leaves the host as it was and says what failed', async () => {
  for (let n = 1; n <= 7; n++) {
    const on = world();
    const before = picture(on);
    const journal = memoryJournal('b1');
    const host = await openOn(on, journal);
    if (n === 7) on.dns.fail = true;
    else on.routes.failAt(n);
    const code = n === 7 ? 'dns-failed' : 'route-failed';
    await assert.rejects(host.apply('a', state), { name: 'OsError', code });
    assert.deepEqual(picture(on), before, `step ${n}`);
    assert.deepEqual(journal.live(), [], `step ${n}`);
  }
});

test('a change that fails midway leaves the state before the change', async () => {
  const on = world();
  const host = await openOn(on, memoryJournal('b1'));
  await host.apply('a', state);
  const before = picture(on);
  on.routes.failAt(2);
  const moved = { ...state, addresses: [{ address: '10.3.0.6', length: 32 }] };
  await assert.rejects(host.apply('a', moved), { code: 'route-failed' });
  assert.deepEqual(picture(on), before);
});

test('one tunnel’s rule goes although another tunnel’s bypass stays', async () => {
  const on = world();
  const host = await openOn(on, memoryJournal('b1'));
  await host.apply('a', state);
  await host.apply('b', other);
  await host.clear('a');
  assert.deepEqual(on.routes.rules, []);
  assert.deepEqual(destinations(on.routes, 4), ['198.51.100.1/32']);
  await host.clear('b');
  assert.deepEqual(on.routes.routes, []);
});

test('a new engine undoes what the last one left, once', async () => {
  const on = world();
  const before = picture(on);
  const journal = memoryJournal('b1');
  await (await openOn(on, journal)).apply('a', state);
  const host = await openOn(on, journal);
  assert.equal((await host.recover()).length, 7);
  assert.deepEqual(picture(on), before);
  assert.deepEqual(journal.live(), []);
  await host.apply('a', state);
  const after = picture(on);
  assert.deepEqual(await host.recover(), []);
  assert.deepEqual(picture(on), after, 'a second recover leaves what is in use');
});

test('after a restart of the machine only the file comes back; the rest is forgotten', async () => {
  const on = world();
  const journal = memoryJournal('b1');
  await (await openOn(on, journal)).apply('a', state);
  const { routes, links } = structuredClone({ routes: on.routes.routes, links: [...on.routes.links] });
  const lines = await (await openOn(on, journal, 'b2')).recover();
  assert.equal(on.dns.file && atob(on.dns.file.content), PLAIN_WORLD.text);
  assert.deepEqual([on.routes.routes, [...on.routes.links]], [routes, links], 'by chance the same: not ours');
  assert.equal(lines.filter((l) => l.description.endsWith('gone with the restart')).length, 6);
  assert.deepEqual(journal.live(), []);
});

test('a resolv.conf that others wrote since is left alone', async () => {
  const on = world();
  const journal = memoryJournal('b1');
  await (await openOn(on, journal)).apply('a', state);
  const theirs = { content: btoa('nameserver 203.0.113.1\n'), mode: 0o644, uid: 0, gid: 0 };
  on.dns.file = theirs;
  const lines = await (await openOn(on, journal)).recover();
  assert.deepEqual(on.dns.file, theirs);
  assert.ok(lines.some((l) => l.description.includes('changed by others since')));
});

test('an entry that is not understood stays and is reported', async () => {
  const odd = {
    id: 9,
    kind: 'odd',
    before: null,
    after: 1,
    undo: 'remove',
    tunnel: 'a',
    bootId: 'b1',
  } as const;
  const journal = memoryJournal('b1', [odd]);
  const lines = await (await openOn(world(), journal)).recover();
  assert.match(lines[0]?.description ?? '', /entry 9 \(odd\) is not understood/);
  assert.deepEqual(journal.live(), [odd]);
});

test('systemd-resolved is told, and told again to let go', async () => {
  const on = world();
  on.dns.world = { ...PLAIN_WORLD, resolvedRuns: true, resolvectl: true, nssResolve: true };
  const host = await openOn(on, memoryJournal('b1'));
  await host.apply('a', { ...state, dns: { servers: ['10.3.0.53'], domains: ['corp.example'] } });
  assert.deepEqual([...on.dns.told.keys()], ['t0']);
  assert.equal(on.dns.file?.content, btoa(PLAIN_WORLD.text ?? ''));
  await host.clear('a');
  assert.equal(on.dns.told.size, 0);
});

test('clear never throws', async () => {
  const on = world();
  const host = await openOn(on, memoryJournal('b1'));
  await host.apply('a', state);
  on.routes.observe = () => Promise.reject(new Error('no ip command'));
  const lines = await host.clear('a');
  assert.match(lines.at(-1)?.description ?? '', /not everything of a could be undone: .*no ip command/);
});

const bad: readonly [string, Partial<HostState>, string, RegExp][] = [
  ['interface', { interface: 'a b; rm' }, 'address-failed', /^interface: /],
  ['interface as an option', { interface: '-force' }, 'address-failed', /^interface: /],
  ['mtu', { mtu: 67 }, 'address-failed', /^mtu: /],
  ['addresses', { addresses: [{ address: '10.0.0.256', length: 8 }] }, 'address-failed', /^addresses: /],
  ['routes', { routes: [{ address: '10.0.0.0', length: 33 }] }, 'route-failed', /^routes: /],
  ['bypass', { bypass: ['gateway.example'] }, 'route-failed', /^bypass: /],
  ['servers', { dns: { servers: ['10.0.0.1\nx'], domains: [] } }, 'dns-failed', /^dns\.servers: /],
  ['domains', { dns: { servers: [], domains: ['a b'] } }, 'dns-failed', /^dns\.domains: /],
];
for (const [name, wrong, code, message] of bad) {
  test(`a bad ${name} is refused before anything is done`, async () => {
    const journal = memoryJournal('b1');
    const host = await openOn(world(), journal);
    await assert.rejects(host.apply('a', { ...state, ...wrong }), { code, message });
    assert.deepEqual(journal.live(), []);
  });
}

test('a host in memory records and forgets, and can be asked for anywhere', async () => {
  const host = memoryHost();
  assert.equal((await host.apply('a', state)).length, 1);
  assert.deepEqual(await host.apply('a', state), []);
  assert.deepEqual(host.states.get('a'), state);
  await host.clear('a');
  assert.equal(host.states.size, 0);
  const chosen = await selectHost({ stateDir: '/nowhere', log: silentLog, fake: true });
  assert.equal((await chosen.apply('a', state)).length, 1);
});

test('what is let out stays outside until the next apply, and goes with the rest', async () => {
  const on = world();
  const before = picture(on);
  const host = await openOn(on, memoryJournal('b1'));
  assert.deepEqual(await host.letOut('a', ['198.51.100.7']), [], 'nothing is applied yet');
  assert.deepEqual(picture(on), before);
  await host.apply('a', state);
  const applied = picture(on);
  assert.equal((await host.letOut('a', ['198.51.100.7', '198.51.100.1', '2001:db8::7'])).length, 2);
  const thrown = () =>
    on.routes.routes
      .filter((route) => route.throws)
      .map((route) => route.destination)
      .sort();
  assert.deepEqual(thrown(), ['198.51.100.1/32', '198.51.100.7/32', '2001:db8::7/128']);
  assert.deepEqual(await host.letOut('a', ['198.51.100.7']), [], 'it is outside');
  await host.apply('a', state);
  assert.deepEqual(picture(on), applied);
  await host.letOut('a', ['198.51.100.7']);
  await host.clear('a');
  assert.deepEqual(picture(on), before);
});

test('an address that cannot be let out leaves the host as it was', async () => {
  const on = world();
  const host = await openOn(on, memoryJournal('b1'));
  await host.apply('a', state);
  const applied = picture(on);
  on.routes.failAt(1);
  await assert.rejects(host.letOut('a', ['198.51.100.7']));
  await assert.rejects(host.letOut('a', ['not an address']));
  assert.deepEqual(picture(on), applied);
});
