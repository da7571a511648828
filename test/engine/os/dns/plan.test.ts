import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DnsPlanInput, planDns } from '../../../../engine/os/dns/plan.ts';
import type { HostState } from '../../../../engine/os/port.ts';

const state = (name: string, servers: string[], domains: string[] = []): HostState => ({
  interface: name,
  mtu: 1400,
  addresses: [],
  routes: [],
  bypass: [],
  dns: { servers, domains },
});

const file = { content: btoa('nameserver 192.0.2.53\nsearch lan\n'), mode: 0o644, uid: 0, gid: 0 };
const base: DnsPlanInput = {
  desired: [['a', state('t0', ['10.3.0.53'])]],
  owned: [],
  mode: 'file',
  path: '/etc/resolv.conf',
  file,
  isOurs: () => true,
};
const split: DnsPlanInput['desired'] = [['a', state('t0', ['10.3.0.53'], ['corp.example'])]];

test('a file keeps what was before as its backup', () => {
  const plan = planDns(base);
  assert.equal(plan.additions.length, 1);
  const [addition] = plan.additions;
  assert.deepEqual(addition?.before, file);
  assert.ok(
    addition?.item.kind === 'dns-file' && addition.item.text.includes('nameserver 10.3.0.53\nsearch lan\n'),
  );
});

test('a second tunnel adds its servers, and the backup stays the first one', () => {
  const [first] = planDns(base).additions;
  assert.ok(first?.item.kind === 'dns-file');
  const owned = [{ id: 1, item: first.item, before: file }];
  const now = { ...file, content: btoa(first.item.text) };
  const desired = [...base.desired, ['b', state('t1', ['10.4.0.53', '10.3.0.53'])] as const];
  const plan = planDns({ ...base, desired, owned, file: now });
  assert.deepEqual(plan.additions[0]?.before, file);
  assert.deepEqual(plan.forgotten, owned);
  const { item } = plan.additions[0]!;
  assert.deepEqual(item.kind === 'dns-file' && item.text.match(/nameserver .*/g), [
    'nameserver 10.3.0.53',
    'nameserver 10.4.0.53',
  ]);
  const same = planDns({ ...base, owned, file: now });
  assert.deepEqual([same.additions, same.removals, same.forgotten], [[], [], []]);
  assert.deepEqual(planDns({ ...base, desired: [], owned, file: now }).removals, owned);
});

test('a file that others wrote since becomes the new backup', () => {
  const [first] = planDns(base).additions;
  const owned = [{ id: 1, item: first!.item, before: file }];
  const theirs = { ...file, content: btoa('nameserver 203.0.113.1\n') };
  const plan = planDns({ ...base, owned, file: theirs, isOurs: () => false });
  assert.deepEqual(plan.additions[0]?.before, theirs);
  assert.equal(plan.additions[0]?.journal, true);
});

test('servers for some domains alone: resolved can, the others say that they cannot', () => {
  const resolved = planDns({ ...base, mode: 'resolved', desired: split });
  assert.deepEqual(resolved.additions[0]?.item, {
    kind: 'dns-link',
    interface: 't0',
    servers: ['10.3.0.53'],
    domains: ['corp.example'],
  });
  for (const mode of ['file', 'resolvconf'] as const) {
    const plan = planDns({ ...base, mode, desired: split });
    assert.deepEqual(plan.additions, []);
    assert.equal(plan.notes.length, 1);
    assert.match(plan.notes[0]!, /10\.3\.0\.53 not set: they are for corp\.example alone/);
  }
});
