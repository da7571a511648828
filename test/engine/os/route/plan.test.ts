import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrefix } from '../../../../engine/base/ip.ts';
import type { HostState } from '../../../../engine/os/port.ts';
import {
  type OwnedRoute,
  planRoutes,
  type RoutePlan,
  type RoutePlanInput,
} from '../../../../engine/os/route/plan.ts';
import type { ObservedRoutes, RouteItem } from '../../../../engine/os/route/port.ts';
import { fakeRoutes } from '../../../../engine/os/route/route.fake.ts';

const routing = { table: 4500, preference: 4500, protocol: 145 };

interface Wish {
  readonly at?: string;
  readonly mtu?: number;
  readonly addresses?: readonly string[];
  readonly routes?: readonly string[];
  readonly bypass?: readonly string[];
}

const prefixes = (texts: readonly string[] = []) => texts.map((t) => parsePrefix(t)!);

const state = (wish: Wish): HostState => ({
  interface: wish.at ?? 't0',
  mtu: wish.mtu ?? 1400,
  addresses: prefixes(wish.addresses),
  routes: prefixes(wish.routes),
  bypass: wish.bypass ?? [],
  dns: { servers: [], domains: [] },
});

/** One word an item, enough to tell what and where. */
const word = ({ item }: { readonly item: RouteItem }): string => {
  switch (item.kind) {
    case 'link':
      return `${item.interface} mtu ${item.mtu}`;
    case 'address':
      return `${item.interface} ${item.address}`;
    case 'route':
      return `${item.destination} dev ${item.interface} src ${item.source} metric ${item.metric}`;
    case 'throw':
      return `throw ${item.destination}`;
    case 'rule':
      return `rule ${item.family}`;
  }
};

/** Plans and carries out against a world in memory, as the host does, over several wishes. */
async function carryOut(world: ReturnType<typeof fakeRoutes>) {
  let owned: OwnedRoute[] = [];
  let id = 0;
  return async (desired: RoutePlanInput['desired']): Promise<RoutePlan> => {
    const observed = await world.observe(['t0', 't1'], routing);
    const plan = planRoutes({ desired, owned, observed, routing });
    await world.add(plan.additions);
    await world.remove(plan.removals);
    const gone = [...plan.removals, ...plan.forgotten];
    owned = owned.filter((o) => !gone.includes(o));
    for (const { item, before, journal } of plan.additions)
      if (journal) owned.push({ id: ++id, item, before });
    return plan;
  };
}

const full = state({
  addresses: ['10.3.0.5/24', 'fd00::5/64'],
  routes: ['0.0.0.0/0', '::/0'],
  bypass: ['198.51.100.1', '2001:db8::1'],
});

test('a full tunnel: addresses first, bypass before routes, rules last', async () => {
  const step = await carryOut(fakeRoutes(['t0']));
  const plan = await step([['a', full]]);
  assert.deepEqual(plan.additions.map(word), [
    't0 mtu 1400',
    't0 10.3.0.5',
    't0 fd00::5',
    'throw 198.51.100.1/32',
    'throw 2001:db8::1/128',
    '0.0.0.0/0 dev t0 src 10.3.0.5 metric 100',
    '::/0 dev t0 src fd00::5 metric 100',
    'rule 4',
    'rule 6',
  ]);
  assert.ok(plan.additions.every((a) => a.journal));
});

const cases: readonly [
  name: string,
  from: Wish,
  to: Wish,
  added: string[],
  removed: string[],
  notes?: RegExp[],
][] = [
  ['the same again', { routes: ['10.0.0.0/8'] }, { routes: ['10.0.0.0/8'] }, [], []],
  [
    'one route more, one less',
    { routes: ['10.1.0.0/16', '10.2.0.0/16'] },
    { routes: ['10.2.0.0/16', '10.3.0.0/16'] },
    ['10.3.0.0/16 dev t0 src null metric 100'],
    ['10.1.0.0/16 dev t0 src null metric 100'],
  ],
  [
    'another address replaces the routes that prefer it before the old one goes',
    { addresses: ['10.3.0.5/32'], routes: ['0.0.0.0/0'] },
    { addresses: ['10.3.0.6/32'], routes: ['0.0.0.0/0'] },
    ['t0 10.3.0.6', '0.0.0.0/0 dev t0 src 10.3.0.6 metric 100'],
    ['t0 10.3.0.5'],
  ],
  [
    'host bits and repeats',
    {},
    { routes: ['10.1.2.3/16', '10.1.0.0/16'] },
    ['10.1.0.0/16 dev t0 src null metric 100', 'rule 4'],
    [],
  ],
  [
    'the last route of a family takes its rule along',
    { routes: ['::/0'] },
    {},
    [],
    ['rule 6', '::/0 dev t0 src null metric 100'],
  ],
  [
    'a roam to another gateway address',
    { routes: ['0.0.0.0/0'], bypass: ['198.51.100.1'] },
    { routes: ['0.0.0.0/0'], bypass: ['203.0.113.1'] },
    ['throw 203.0.113.1/32'],
    ['throw 198.51.100.1/32'],
  ],
  [
    'a selector that is the gateway itself',
    {},
    { routes: ['198.51.100.1/32'], bypass: ['198.51.100.1'] },
    ['throw 198.51.100.1/32'],
    [],
    [/198\.51\.100\.1\/32 is a gateway's own address/],
  ],
  ['a zone is no part of a bypass', {}, { bypass: ['fe80::1%eth0'] }, ['throw fe80::1/128'], []],
  [
    'IPv6 over too small an MTU',
    { mtu: 1200 },
    { mtu: 1200, addresses: ['fd00::5/128'], routes: ['::/0', '10.0.0.0/8'] },
    ['10.0.0.0/8 dev t0 src null metric 100', 'rule 4'],
    [],
    [/MTU of 1280: address fd00::5/, /MTU of 1280: route ::\/0/],
  ],
  ['another MTU', {}, { mtu: 1300 }, ['t0 mtu 1300'], []],
];

for (const [name, from, to, added, removed, notes] of cases) {
  test(name, async () => {
    const step = await carryOut(fakeRoutes(['t0']));
    await step([['a', state(from)]]);
    const plan = await step([['a', state(to)]]);
    assert.deepEqual(plan.additions.map(word), added);
    assert.deepEqual(plan.removals.map(word), removed);
    assert.equal(plan.notes.length, notes?.length ?? 0);
    for (const [i, note] of (notes ?? []).entries()) assert.match(plan.notes[i]!, note);
    const again = await step([['a', state(to)]]);
    assert.deepEqual([again.additions, again.removals, again.forgotten], [[], [], []]);
  });
}

test('a link that is changed twice goes back to what it was at first', async () => {
  const world = fakeRoutes(['t0']);
  const step = await carryOut(world);
  await step([['a', state({ mtu: 1400 })]]);
  await step([['a', state({ mtu: 1300 })]]);
  await step([]);
  assert.deepEqual(world.links.get('t0'), fakeRoutes(['t0']).links.get('t0'));
});

test('tunnels share the table: one going leaves what the other needs', async () => {
  const world = fakeRoutes(['t0', 't1']);
  const step = await carryOut(world);
  const a = state({ routes: ['10.0.0.0/8', '10.1.0.0/16'], bypass: ['198.51.100.1'] });
  const b = state({ at: 't1', routes: ['10.1.0.0/16'], bypass: ['198.51.100.1'] });
  await step([['a', a]]);
  const second = await step([
    ['a', a],
    ['b', b],
  ]);
  assert.deepEqual(second.additions.map(word), ['t1 mtu 1400', '10.1.0.0/16 dev t1 src null metric 101']);
  const left = await step([['b', b]]);
  assert.deepEqual(left.additions.map(word), ['10.1.0.0/16 dev t1 src null metric 100']);
  assert.deepEqual(left.removals.map(word), [
    '10.0.0.0/8 dev t0 src null metric 100',
    '10.1.0.0/16 dev t1 src null metric 101',
    't0 mtu 1400',
  ]);
  await step([]);
  assert.deepEqual([world.routes, world.rules], [[], []]);
});

test('what others have in the table is neither replaced nor removed, and keeps the rule', async () => {
  const world = fakeRoutes(['t0']);
  const theirs = { throws: false, destination: '10.0.0.0/8', metric: 100, interface: 'x0', source: null };
  world.routes.push(theirs);
  const step = await carryOut(world);
  const plan = await step([['a', state({ routes: ['10.0.0.0/8'] })]]);
  assert.deepEqual(plan.additions.map(word).slice(1), ['10.0.0.0/8 dev t0 src null metric 101', 'rule 4']);
  await step([]);
  assert.deepEqual(world.routes, [theirs]);
  assert.equal(world.rules.length, 1);
});

test('what the kernel dropped is set again without a second journal entry', async () => {
  const world = fakeRoutes(['t0']);
  const step = await carryOut(world);
  const a = state({ routes: ['10.0.0.0/8'] });
  await step([['a', a]]);
  world.routes.length = 0;
  const plan = await step([['a', a]]);
  assert.deepEqual(
    plan.additions.map((x) => [word(x), x.journal]),
    [['10.0.0.0/8 dev t0 src null metric 100', false]],
  );
});

test('an interface without IPv6 gets none, and says so', () => {
  const link = { mtu: 1500, up: false, addressMode: null, ipv6: false, addresses: [] };
  const observed: ObservedRoutes = { links: new Map([['t0', link]]), routes: [], rules: [] };
  const plan = planRoutes({ desired: [['a', full]], owned: [], observed, routing });
  assert.deepEqual(
    plan.additions.map(word).filter((w) => w.includes('::') && !w.startsWith('throw')),
    [],
  );
  assert.equal(plan.notes.filter((n) => n.startsWith('IPv6 is off on t0')).length, 2);
});

test('networks beside the tunnel stay outside, and follow the machine', async () => {
  const step = await carryOut(fakeRoutes(['t0']));
  const beside = (...local: readonly string[]) => ({ ...full, local: prefixes(local) });
  await step([['a', full]]);
  const added = await step([['a', beside('192.168.7.20/24', 'fd12:3456::20/64')]]);
  assert.deepEqual(added.additions.map(word), ['throw 192.168.7.0/24', 'throw fd12:3456::/64']);
  const moved = await step([['a', beside('192.168.8.1/24')]]);
  assert.deepEqual(moved.additions.map(word), ['throw 192.168.8.0/24']);
  assert.deepEqual(moved.removals.map(word).sort(), ['throw 192.168.7.0/24', 'throw fd12:3456::/64']);
});
