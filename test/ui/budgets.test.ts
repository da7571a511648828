/** What the window may cost: its size, its first picture, an hour of snapshots, and a status window that stays open. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { CDPSession, Page } from 'playwright-core';
import type { Snapshot } from '../../engine/api/snapshot.ts';
import { demoProfiles } from '../../engine/demo-ui.ts';
import { StatusPage } from './pages/status.ts';
import { buildRenderer, Stage } from './stage.ts';

const KIB = 1024;
const MOST_GZIP = 250 * KIB;
const HOUR = 3600;

let stage: Stage;
before(async () => {
  stage = await Stage.open();
  const [office] = demoProfiles(stage.demo?.scene ?? assert.fail());
  await stage.engine.addProfile({ profile: office ?? {} });
  await stage.engine.up({ profile: 'office', wait: true });
});
after(() => stage.close());

test('the renderer is at most 250 KiB, compressed', async (t) => {
  const folder = await buildRenderer();
  const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) =>
    entry.isFile(),
  );
  const sizes = files.map(
    (entry) => gzipSync(readFileSync(join(entry.parentPath, entry.name)), { level: 9 }).length,
  );
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  t.diagnostic(`${(whole / KIB).toFixed(1)} KiB in ${files.length} files`);
  assert.ok(files.length > 10);
  assert.ok(whole <= MOST_GZIP, `${(whole / KIB).toFixed(1)} KiB`);
});

test('first contentful paint, warm (a measurement)', async (t) => {
  const page = await stage.window();
  await page.reload();
  await page.getByRole('heading', { level: 1 }).waitFor();
  // What is in the document may not be painted yet.
  const paint = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const told = (list: PerformanceObserverEntryList) => {
          const [first] = list.getEntriesByName('first-contentful-paint');
          if (first) resolve(first.startTime);
        };
        new PerformanceObserver(told).observe({ type: 'paint', buffered: true });
      }),
  );
  t.diagnostic(`first contentful paint after ${paint.toFixed(0)} ms`);
  assert.ok(paint > 0);
  await page.context().close();
});

async function heap(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  return usedSize;
}

/** Snapshots as the bridge would bring them, a second apart on their own clock: counters, lifetimes and history move. */
function* hour(begin: Snapshot): Generator<Snapshot> {
  const [tunnel] = begin.tunnels;
  if (!tunnel) throw new Error('no tunnel to grow');
  const start = Date.parse(begin.time);
  for (let second = 1; ; second++) {
    const time = new Date(start + second * 1000).toISOString();
    yield {
      ...begin,
      time,
      tunnels: [
        {
          ...tunnel,
          children: tunnel.children.map((child) => ({
            ...child,
            bytesIn: second * 1000 * (1 + (second % 7)),
            bytesOut: second * 500,
            secondsToRekey: 120 - (second % 120),
          })),
          history: Array.from({ length: 200 }, (_, n) => ({
            time: new Date(start + (second - n) * 1000).toISOString(),
            level: 'info' as const,
            topic: n % 10 === 0 ? 'rekey' : 'liveness',
            text: `event ${second - n}`,
            data: n % 10 === 0 ? { what: 'child', done: true, by: 'us' } : { ok: true },
          })).toReversed(),
        },
      ],
    };
  }
}

/** In the page: whether the bar of the CHILD_SA says so many seconds to its rekey. */
function shown(left: number): boolean {
  const words = document.querySelectorAll('[role=meter]')[1]?.getAttribute('aria-valuetext') ?? '';
  const [, minutes = '0', seconds = '0'] = /^Rekey in (?:(\d+)m)? ?(?:(\d+)s)?/.exec(words) ?? [];
  return 60 * Number(minutes ?? 0) + Number(seconds ?? 0) === left;
}

async function feed(quiet: Stage, page: Page, snapshots: Generator<Snapshot>, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const next = snapshots.next().value as Snapshot;
    quiet.web.tell('snapshot', next);
    // Each is drawn before the next: the last one's rekey is on the screen.
    const left = next.tunnels[0]?.children[0]?.secondsToRekey ?? 0;
    if (n % 30 === 29) await page.waitForFunction(shown, left, { polling: 20 });
    else await new Promise((resolve) => setImmediate(resolve));
  }
}

test('an hour of snapshots does not grow the heap', async (t) => {
  // No engine of its own: what it is told is all that it hears.
  const quiet = await Stage.open({ socket: '/nonexistent/engine.sock' });
  t.after(() => quiet.close());
  const page = await quiet.window();
  const snapshots = hour(stage.engine.snapshot());
  await feed(quiet, page, snapshots, 1);
  await new StatusPage(page).open('Status');
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.enable');
  // What is compiled and cached comes with the first minutes; the hour's ring of samples is there from the first.
  await feed(quiet, page, snapshots, 600);
  const before = await heap(session);
  await feed(quiet, page, snapshots, HOUR);
  const after = await heap(session);
  const grown = after - before;
  t.diagnostic(
    `${(before / KIB).toFixed(0)} KiB, after 3,600 more snapshots ${(after / KIB).toFixed(0)} KiB`,
  );
  assert.ok(grown < 512 * KIB, `grown by ${(grown / KIB).toFixed(0)} KiB`);
});

test('an open status window at one snapshot a second (a measurement)', async (t) => {
  const page = await stage.window();
  await new StatusPage(page).open('Status');
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const busy = async (): Promise<number> => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0;
  };
  await page.waitForTimeout(2000);
  const before = await busy();
  const seconds = 10;
  await page.waitForTimeout(seconds * 1000);
  const share = ((await busy()) - before) / seconds;
  t.diagnostic(`${(share * 100).toFixed(2)} % of a core`);
  assert.ok(share > 0);
  await page.context().close();
});
