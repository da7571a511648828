/**
 * A journal whose last record was cut short by a power cut, at every octet of every record that ever was the last one:
 * what it stands for had not begun, or had ended. The journal is the real one on disk, the rest of the host in memory.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLog } from '../../../engine/base/log.ts';
import { type FakeDns, fakeDns } from '../../../engine/os/dns/dns.fake.ts';
import { memoryFirewall } from '../../../engine/os/firewall/firewall.fake.ts';
import { memoryGuards } from '../../../engine/os/firewall/storage.fake.ts';
import { type HostEnvironment, openHost } from '../../../engine/os/host.ts';
import { JOURNAL_FILE, openJournal } from '../../../engine/os/journal/journal.ts';
import type { Journal } from '../../../engine/os/journal/port.ts';
import type { HostState } from '../../../engine/os/port.ts';
import { type FakeRoutes, fakeRoutes } from '../../../engine/os/route/route.fake.ts';

const state: HostState = {
  interface: 't0',
  mtu: 1400,
  addresses: [{ address: '10.3.0.5', length: 32 }],
  routes: [{ address: '10.0.0.0', length: 8 }],
  bypass: ['198.51.100.1'],
  dns: { servers: ['10.3.0.53'], domains: [] },
};

interface World {
  readonly routes: FakeRoutes;
  readonly dns: FakeDns;
}

/** The part of a world that can be copied, and a world that begins with it. */
const picture = ({ routes, dns }: World) =>
  structuredClone({ links: [...routes.links], routes: routes.routes, rules: routes.rules, file: dns.file });

function worldOf({ links, routes, rules, file }: ReturnType<typeof picture>): World {
  const world = { routes: fakeRoutes([]), dns: fakeDns() };
  for (const [name, link] of links) world.routes.links.set(name, link);
  world.routes.routes.push(...routes);
  world.routes.rules.push(...rules);
  world.dns.file = file;
  return world;
}

function environment(
  world: World,
  watch: (journal: Journal) => Journal = (journal) => journal,
): HostEnvironment {
  return {
    ...world,
    firewall: memoryFirewall(),
    guardStorage: () => memoryGuards(),
    routing: { table: 4500, preference: 4500, protocol: 145 },
    bootId: async () => 'b1',
    openJournal: async (stateDir, bootId) => watch(await openJournal({ stateDir, bootId })),
  };
}

test('cut at any octet of its last record, the journal still puts the host right', async () => {
  // In memory where there is such a folder: each recovery brings a file to the disk.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'culvert-torn-'));
  try {
    const stateDir = join(folder, 'life');
    const world: World = { routes: fakeRoutes(['t0']), dns: fakeDns() };
    const before = picture(world);
    /** The journal after each write, and the host as it was then: its change is yet to come. */
    const moments: { readonly text: string; readonly host: ReturnType<typeof picture> }[] = [];
    const note = (): void => {
      const text = readFileSync(join(stateDir, JOURNAL_FILE), 'utf8');
      // Nothing was written when it is as before, and then its last record's change has ended long ago.
      if (text !== moments.at(-1)?.text) moments.push({ text, host: picture(world) });
    };
    const host = await openHost({
      stateDir,
      log: silentLog,
      environment: environment(world, (journal) => ({
        live: () => journal.live(),
        problems: journal.problems,
        append: async (entries) => {
          const made = await journal.append(entries);
          note();
          return made;
        },
        done: async (ids) => {
          await journal.done(ids);
          note();
        },
        close: () => journal.close(),
      })),
    });
    await host.apply('a', state);
    await host.apply('a', { ...state, mtu: 1380, addresses: [{ address: '10.3.0.6', length: 32 }] });
    await host.clear('a');
    await host.close();
    assert.deepEqual(picture(world), before);

    let cuts = 0;
    for (const { text, host: then } of moments) {
      if (text === '') continue;
      const last = text.lastIndexOf('\n', text.length - 2) + 1;
      for (let at = last; at < text.length; at++) {
        const torn = join(folder, 'torn');
        rmSync(torn, { recursive: true, force: true });
        (await openJournal({ stateDir: torn, bootId: 'b1' })).close();
        writeFileSync(join(torn, JOURNAL_FILE), text.slice(0, at));
        const left = worldOf(then);
        const next = await openHost({ stateDir: torn, log: silentLog, environment: environment(left) });
        const said = await next.recover();
        assert.deepEqual(picture(left), before, `${text.slice(last, at)}: ${JSON.stringify(said)}`);
        assert.equal(readFileSync(join(torn, JOURNAL_FILE), 'utf8'), '');
        await next.close();
        cuts++;
      }
    }
    assert.ok(cuts > 500, `only ${cuts} cuts`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
