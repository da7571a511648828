/** The kill switch's memory: what survives whom, and that trouble never opens it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { memoryFirewall } from '../../../../engine/os/firewall/firewall.fake.ts';
import { Guards } from '../../../../engine/os/firewall/guards.ts';
import type { FirewallPort, GuardState } from '../../../../engine/os/firewall/port.ts';
import { memoryGuards } from '../../../../engine/os/firewall/storage.fake.ts';
import { fileGuards } from '../../../../engine/os/firewall/storage.ts';
import { GUARD_FILE, readStored, storedText } from '../../../../engine/os/firewall/stored.ts';

const always: GuardState = {
  mode: 'always',
  protect: 'everything',
  gateways: ['192.0.2.1'],
  ports: [4500],
  allowLocal: false,
  tunnel: { interface: 'culvert0', dns: ['10.0.0.53'] },
};
const whileUp: GuardState = { ...always, mode: 'while-up', protect: ['10.0.0.0/8'] };

test('after a restart only what is always on is in force, without its tunnel', async () => {
  const storage = memoryGuards();
  const before = new Guards(memoryFirewall(), storage);
  await before.set('a', always);
  await before.set('b', whileUp);

  const firewall = memoryFirewall();
  const after = new Guards(firewall, storage);
  const said = await after.recover();
  assert.equal(said.length, 2);
  assert.deepEqual([...after.all], [['a', { ...always, tunnel: null }]]);
  assert.deepEqual(firewall.inForce(), { kind: 'guards', guards: after.all });
  assert.deepEqual(storage.stored, after.all);

  assert.deepEqual(await after.endAll(), ['kill switch of a: released']);
  assert.equal(firewall.inForce(), undefined);
  assert.equal(storage.stored, undefined);
  assert.deepEqual(await new Guards(memoryFirewall(), storage).recover(), []);
});

test('a damaged record shuts everything until it is released', async () => {
  const firewall = memoryFirewall();
  const storage = memoryGuards('damaged');
  const guards = new Guards(firewall, storage);
  assert.equal((await guards.recover()).length, 1);
  assert.equal(guards.closed, true);
  assert.deepEqual(firewall.inForce(), { kind: 'closed' });
  await assert.rejects(guards.set('a', always), /release it first/);
  assert.deepEqual(firewall.inForce(), { kind: 'closed' });
  assert.equal(storage.stored, 'damaged');
  await guards.endAll();
  assert.equal(firewall.inForce(), undefined);
  assert.equal(await guards.set('a', always), true);
});

test('the record is written before the rules change, and put back when they do not', async () => {
  const storage = memoryGuards();
  const seen: unknown[] = [];
  let fails = false;
  const firewall: FirewallPort = {
    enforce: async () => {
      seen.push(structuredClone(storage.stored));
      if (fails) throw new Error('nft said no');
    },
    remove: async () => {
      seen.push(structuredClone(storage.stored));
    },
  };
  const guards = new Guards(firewall, storage);
  await guards.set('a', always);
  assert.deepEqual(seen.pop(), new Map([['a', always]]));
  fails = true;
  await assert.rejects(guards.set('b', whileUp), /nft said no/);
  assert.deepEqual([...guards.all.keys()], ['a']);
  assert.deepEqual(storage.stored, new Map([['a', always]]));
  fails = false;
  assert.equal(await guards.end('a'), true);
  assert.deepEqual(seen.pop(), new Map([['a', always]]), 'the record outlives the rules');
  assert.equal(storage.stored, undefined);
});

test('the same guard twice changes nothing', async () => {
  const guards = new Guards(memoryFirewall(), memoryGuards());
  assert.equal(await guards.set('a', always), true);
  assert.equal(await guards.set('a', structuredClone(always)), false);
  assert.equal(await guards.end('b'), false);
});

test('what is stored is read back, and anything else is damage', () => {
  const guards = new Map([
    ['a', always],
    ['b', { ...whileUp, tunnel: null }],
  ]);
  assert.deepEqual(readStored(storedText(guards)), guards);
  for (const text of ['', '{', 'null', '[]', '{"version":2,"guards":{}}', '{"version":1,"guards":{"a":{}}}'])
    assert.equal(readStored(text), undefined, text);
  fc.assert(
    fc.property(fc.nat(), fc.nat(), (at, octet) => {
      const text = storedText(guards);
      const cut = at % text.length;
      const read = readStored(text.slice(0, cut) + String.fromCharCode(octet % 128) + text.slice(cut + 1));
      if (read !== undefined) assert.ok(read.size <= 2);
    }),
  );
});

test('the file is for its owner alone; one that cannot be understood is damage', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'culvert-guards-'));
  try {
    const storage = fileGuards(folder);
    assert.equal(await storage.read(), undefined);
    await storage.write(new Map([['a', always]]));
    assert.equal(statSync(join(folder, GUARD_FILE)).mode & 0o777, 0o600);
    assert.deepEqual(await storage.read(), new Map([['a', always]]));
    const text = readFileSync(join(folder, GUARD_FILE), 'utf8');
    writeFileSync(join(folder, GUARD_FILE), text.slice(0, -10));
    assert.equal(await storage.read(), 'damaged');
    await storage.remove();
    assert.equal(await storage.read(), undefined);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
