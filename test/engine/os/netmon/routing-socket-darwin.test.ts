/** The routing socket of macOS, on the stand-in for its C library: what it hears, and that it goes without a trace. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseIp } from '../../../../engine/base/ip.ts';
import { routingSocket } from '../../../../engine/os/netmon/routing-socket.darwin.ts';
import {
  inetSockaddr,
  linkSockaddr,
  writeRouteMessage,
} from '../../../../engine/os/route/messages.darwin.ts';
import { darwinRoutes } from '../../../../engine/os/route/route.darwin.ts';
import { type DarwinDouble, darwinDouble } from '../darwin/support/double.ts';

const RTF_STATIC = 0x800;
const RTF_LLINFO = 0x400;
const RTF_WASCLONED = 0x20000;

const route = (type: number, flags = 0): Uint8Array =>
  writeRouteMessage({
    type,
    flags: flags | 1,
    seq: 1,
    destination: inetSockaddr(parseIp('10.1.2.3') ?? assert.fail()),
    gateway: linkSockaddr(2),
  });

/** A source, how often it has said so, and what it has said of its end. */
function listen(t: TestContext, double: DarwinDouble) {
  const said = { changes: 0, lost: [] as string[] };
  let heard: () => void = () => undefined;
  const close = routingSocket(double.libc).open({
    changed: () => {
      said.changes++;
      heard();
    },
    lost: (reason) => {
      said.lost.push(reason);
      heard();
    },
  });
  t.after(close);
  const next = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('nothing was heard')), 10_000);
      heard = () => {
        clearTimeout(late);
        resolve();
      };
    });
  return { said, close, next };
}

const descriptors = (): number => readdirSync('/proc/self/fd').length;

/** What the threads still hold has gone, or this fails. */
async function allClosed(before: number): Promise<void> {
  for (let n = 0; n < 100 && descriptors() > before; n++) await sleep(20);
  assert.ok(descriptors() <= before, `${descriptors() - before} descriptors are left`);
}

test('a route, an address and a link that change are heard, whoever changes them', async (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  const { said, next } = listen(t, double);
  for (const message of [route(1, RTF_STATIC), route(2, RTF_STATIC), route(3), route(6)]) {
    const heard = next();
    double.tell(message);
    await heard;
  }
  for (const [type, length] of [
    [0xc, 20],
    [0xd, 20],
    [0xe, 112],
  ] as const) {
    const message = new Uint8Array(length);
    message.set([length, 0, 5, type]);
    const heard = next();
    double.tell(message);
    await heard;
  }
  // Our own changes go through the same kernel.
  const heard = next();
  const step = { before: null, item: { kind: 'address', interface: 'en1', address: '10.9.9.9' } } as const;
  await darwinRoutes(double.libc).add([step]);
  await heard;
  await darwinRoutes(double.libc).remove([step]);
  assert.ok(said.changes >= 8);
});

test('what is no change of the network is not heard', async (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  const { said, next } = listen(t, double);
  double.tell(route(4, RTF_STATIC)); // RTM_GET, a question
  double.tell(route(7)); // RTM_MISS
  double.tell(route(1, RTF_LLINFO)); // a neighbour
  double.tell(route(2, RTF_WASCLONED));
  double.tell(Uint8Array.of(4, 0, 5)); // torn
  double.tell(Uint8Array.of(92, 0, 4, 1, ...new Uint8Array(88))); // another version
  await sleep(100);
  assert.equal(said.changes, 0);
  const heard = next();
  double.tell(route(1, RTF_STATIC));
  await heard;
  assert.equal(said.changes, 1);
});

test('a burst is drained, and what follows is heard', async (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  const { said, next } = listen(t, double);
  const heard = next();
  for (let i = 0; i < 1000; i++) double.tell(route(1, RTF_STATIC));
  await heard;
  for (let before = -1; before !== said.changes; ) {
    before = said.changes;
    await sleep(50);
  }
  assert.ok(said.changes <= 1000);
  const again = next();
  double.tell(route(2, RTF_STATIC));
  await again;
});

test('when messages were lost for want of room, that is a change', async (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  const { said, next } = listen(t, double);
  double.fail('read', 55);
  const heard = next();
  double.tell(route(7));
  await heard;
  assert.equal(said.changes, 1);
});

test('a socket that can no longer be read is lost, once, and closed', async (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  const before = descriptors();
  const { said, close, next } = listen(t, double);
  double.fail('read', 9);
  const heard = next();
  double.tell(route(1));
  await heard;
  assert.deepEqual(said, { changes: 0, lost: ['read: errno 9'] });
  close();
  await allClosed(before);
});

test('after the end nothing is heard and nothing stays open', async (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  const before = descriptors();
  for (let i = 0; i < 50; i++) {
    const { close, said } = listen(t, double);
    double.tell(route(1, RTF_STATIC));
    close();
    close();
    await sleep(i % 3);
    assert.equal(said.changes, 0);
  }
  await allClosed(before);
});

test('without a socket it says why', (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  double.fail('socket', 1);
  assert.throws(
    () => routingSocket(double.libc).open({ changed: () => undefined, lost: () => undefined }),
    /socket: errno 1/,
  );
});
