/**
 * A program for Windows: the network monitor with the notifications of the IP helper and nothing beside them, so that
 * what is heard was told. Changes are made through the bridge. Prints what has come of each step, and ends by itself
 * when nothing is under way any more.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLog } from '../../../engine/base/log.ts';
import { loadKernel32 } from '../../../engine/os/ffi/kernel32.win32.ts';
import { loadChangeNotices } from '../../../engine/os/ffi/notify.win32.ts';
import { networkMonitor } from '../../../engine/os/netmon/monitor.ts';
import { changeNotices } from '../../../engine/os/netmon/notices.win32.ts';

const NEVER = 2 ** 31 - 1;
const LOOPBACK = 1;
const ADDRESS = '198.51.100.7';
const PATIENCE = 20_000;

const report = (step: string, result: unknown): void => console.log(JSON.stringify({ step, result }));

/** One request on a connection of its own; resolves with its status. */
function ask(line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(process.env.CULVERT_BRIDGE), '127.0.0.1', () => socket.write(`${line}\n`));
    let said = '';
    socket.on('error', reject);
    socket.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (!said.endsWith('.\n')) return;
      socket.destroy();
      resolve(said.split('\n')[0] ?? '');
    });
  });
}

const source = changeNotices(() => ({ kernel: loadKernel32(), notices: loadChangeNotices() }));
let events = 0;
let warned: string[] = [];
const log = { ...silentLog, warn: (_: string, fields?: object) => warned.push(JSON.stringify(fields)) };
const watch = networkMonitor({ sources: [source], log, comparing: { besideMs: NEVER, aloneMs: NEVER } });
const open = () => watch(() => events++);

/** Whether an event follows what was asked for. */
async function hears(...lines: readonly string[]): Promise<boolean> {
  const before = events;
  for (const line of lines) await ask(line);
  for (let waited = 0; events === before && waited < PATIENCE; waited += 10) await sleep(10);
  return events > before;
}

const add = `address add ${LOOPBACK} ${ADDRESS} 32 4`;
const remove = `address delete ${LOOPBACK} ${ADDRESS}`;
const route = (verb: string): string => `route ${verb} ${LOOPBACK} 203.0.113.0/24 0.0.0.0 5 3`;

const link = (mtu: number): string => `interface set ${LOOPBACK} 4 ${mtu} 0 0`;

const kernel = loadKernel32();
const freshHandle = (): number => {
  const event = kernel.createEvent(false);
  kernel.closeHandle(event);
  return event;
};

let monitor = open();
report('an address', await hears(add));
report('a route', await hears(route('add')));
report('a link', await hears(link(65_535)));
report('a burst of a hundred', await hears(...Array.from({ length: 50 }, () => [remove, add]).flat()));
await sleep(1000);
report('after the burst', await hears(remove, route('delete'), link(65_536)));
await sleep(1000);

// The end, while a callback is under way.
await ask('change slow address');
monitor.close();
const atEnd = events;
await ask(add);
await ask(remove);
await sleep(1000);
report('heard after the end', events - atEnd);

const first = freshHandle();
for (let i = 0; i < 100; i++) {
  monitor = open();
  if (i % 10 === 0) await ask(i % 20 === 0 ? add : remove);
  monitor.close();
  await sleep(1);
}
// The last wait may still be on its way to its end.
for (let waited = 0; freshHandle() !== first && waited < PATIENCE; waited += 50) await sleep(50);
report('handles left', freshHandle() - first);

process.env.CULVERT_REFUSE = 'route';
warned = [];
monitor = open();
report('refused', warned);
monitor.close();
