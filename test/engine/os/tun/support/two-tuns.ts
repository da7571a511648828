/**
 * Run in a fresh network namespace: two tun devices, each in its own namespace again, joined by two data paths over
 * loopback; pings through both families. Prints one line of JSON.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { monotonic } from '../../../../../engine/datapath/clock.ts';
import type { Datapath } from '../../../../../engine/datapath/protocol.ts';
import { openInline, selectCrypto, selectDatapath, selectTun } from '../../../../../engine/os/select.ts';
import { GCM, pairs } from '../../../datapath/support/pairs.ts';

const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });

ip('link', 'set', 'lo', 'up');
const open = process.argv[2] === 'worker' ? selectDatapath : openInline;
const crypto = selectCrypto();
const tuns = [
  await selectTun().open({ name: 'cvt-a', mtu: 1380 }),
  await selectTun().open({ name: 'cvt-b', mtu: 1380 }),
] as const;
const request = { port: 0, crypto, clock: monotonic };
const a = await open({ ...request, tun: tuns[0] });
const b = await open({ ...request, tun: tuns[1] });

// The far device moves into a namespace of its own, so that its addresses are not local to the near one.
const far = `cvt-far-${process.pid}`;
ip('netns', 'add', far);
try {
  ip('link', 'set', 'cvt-b', 'netns', far);
  const inFar = (...args: string[]): string => ip('-n', far, ...args);
  ip('addr', 'add', '10.1.0.1/32', 'dev', 'cvt-a');
  ip('addr', 'add', 'fd01::1/128', 'dev', 'cvt-a', 'nodad');
  ip('route', 'add', '10.2.0.0/16', 'dev', 'cvt-a');
  ip('route', 'add', 'fd02::/16', 'dev', 'cvt-a');
  inFar('link', 'set', 'cvt-b', 'up');
  inFar('addr', 'add', '10.2.0.1/32', 'dev', 'cvt-b');
  inFar('addr', 'add', 'fd02::1/128', 'dev', 'cvt-b', 'nodad');
  inFar('route', 'add', '10.1.0.0/16', 'dev', 'cvt-b');
  inFar('route', 'add', 'fd01::/16', 'dev', 'cvt-b');
  const mtus = [ip('-o', 'link', 'show', 'cvt-a'), inFar('-o', 'link', 'show', 'cvt-b')].map((line) =>
    Number(/mtu (\d+)/.exec(line)?.[1]),
  );
  const { left, right } = pairs(GCM);
  a.install(left, { remote: { address: '127.0.0.1', port: b.local.port } });
  b.install(right, { remote: { address: '127.0.0.1', port: a.local.port } });
  for (const target of ['10.2.0.1', 'fd02::1']) await ping(target);
  const drops = (path: Datapath): number => {
    // The kernel's own router solicitations and multicast reports fit no selector.
    const { 'no-route': _, ...rest } = path.totals().drops;
    return Object.values(rest).reduce((sum, n) => sum + n, 0);
  };
  console.log(
    JSON.stringify({
      descriptions: [a.description, b.description],
      mtus,
      packets: a.counters(1)?.packetsIn,
      drops: drops(a) + drops(b),
    }),
  );
} finally {
  await a.close();
  await b.close();
  spawnSync('ip', ['netns', 'del', far]);
}

/** Beside the event loop, which the inline path needs. */
async function ping(target: string): Promise<void> {
  const child = spawn('ping', ['-n', '-c', '10', '-i', '0.05', '-W', '2', '-s', '1300', target], {
    stdio: 'pipe',
  });
  let said = '';
  child.stdout.on('data', (text) => {
    said += text;
  });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(`no answer from ${target}:\n${said}`);
}
