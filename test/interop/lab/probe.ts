/** Traffic through a tunnel, and what became of it. */
import { fileURLToPath } from 'node:url';
import { must, sleep, until } from './command.ts';
import type { Host } from './host.ts';
import { ADDRESS } from './lab.ts';

export interface PingResult {
  readonly sent: number;
  readonly received: number;
  readonly lost: number;
  /** Milliseconds of each answer, in order of arrival. */
  readonly times: readonly number[];
  /** Sequence numbers that got no answer. */
  readonly missing: readonly number[];
  /** Those that got one. */
  readonly seen: ReadonlySet<number>;
}

/**
 * Pings every 10 ms (or as told) and counts the first `count`. Ping itself would wait for stragglers no longer than
 * two round trips, which a busy machine takes for a loss: here `wait` seconds count from the last one that is sent.
 * `tos` is the traffic class, in hex.
 */
export async function ping(
  host: Host,
  to: string,
  { count = 10, interval = 0.01, wait = 5, size = 56, tos = '0' } = {},
): Promise<PingResult> {
  const probe = startPing(host, ['-i', String(interval), '-s', String(size), '-Q', tos, to]);
  const end = performance.now() + 1000 * (count * interval + wait);
  while (performance.now() < end && firstOf(readPing(probe.text()), count).received < count) await sleep(5);
  return firstOf(readPing(await probe.stop()), count);
}

/** What became of the first `count` packets; those that ping never sent count as lost. */
function firstOf(result: PingResult, count: number): PingResult {
  const missing = Array.from({ length: count }, (_, i) => i + 1).filter((seq) => !result.seen.has(seq));
  return { ...result, sent: count, received: count - missing.length, lost: missing.length, missing };
}

function startPing(host: Host, args: readonly string[]): { text(): string; stop(): Promise<string> } {
  const child = host.spawn(['ping', '-n', ...args], { stdout: 'pipe' });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  return {
    text: () => text,
    async stop() {
      child.kill('SIGINT');
      await closed;
      return text;
    },
  };
}

function readPing(text: string): PingResult {
  const summary = /(\d+) packets transmitted, (\d+) received/.exec(text);
  const sent = Number(summary?.[1] ?? 0);
  const answers = [...text.matchAll(/icmp_seq=(\d+) .*time=([\d.]+) ms/g)];
  const seen = new Set(answers.map((match) => Number(match[1])));
  const missing = Array.from({ length: sent }, (_, i) => i + 1).filter((seq) => !seen.has(seq));
  return {
    sent,
    received: seen.size,
    lost: sent - seen.size,
    times: answers.map((match) => Number(match[2])),
    missing,
    seen,
  };
}

/** A ping stream at 100 packets a second that runs beside something else. */
export interface Stream {
  /** Ends it after the last answers have had time to come. */
  stop(): Promise<PingResult>;
}

/** How long a stream runs on after what it watches, and how many of its last packets are not judged for it. */
const TAIL_MS = 600;
const TAIL_PACKETS = 40;
const LATEST_MS = 5_000;
/** Packets before the latest answer among which a missing one may still come. */
const RECENT = 100;

function isLate(seen: ReadonlySet<number>): boolean {
  let last = 0;
  for (const seq of seen) if (seq > last) last = seq;
  for (let seq = Math.max(1, last - RECENT); seq < last; seq++) if (!seen.has(seq)) return true;
  return false;
}

export function pingStream(host: Host, to: string): Stream {
  const probe = startPing(host, ['-i', '0.01', to]);
  return {
    async stop() {
      // Every packet sent so far gets this long for its answer; the last ones then may still be on their way.
      await sleep(TAIL_MS);
      // What comes late on a busy machine is not lost.
      const end = performance.now() + LATEST_MS;
      while (performance.now() < end && isLate(readPing(probe.text()).seen)) await sleep(50);
      const result = readPing(await probe.stop());
      return firstOf(result, Math.max(0, result.sent - TAIL_PACKETS));
    },
  };
}

/** Waits for the first answer, sending every 5 ms. Resolves to the milliseconds it took. */
export async function firstPing(host: Host, to: string, timeout = 10_000): Promise<number> {
  const start = performance.now();
  const child = host.spawn(['ping', '-n', '-i', '0.005', to], { stdout: 'pipe' });
  try {
    return await new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer of ${to} in ${timeout} ms`)), timeout);
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        if (!text.includes('time=')) return;
        clearTimeout(timer);
        resolve(performance.now() - start);
      });
    });
  } finally {
    child.kill('SIGKILL');
  }
}

export interface Transfer {
  readonly bytes: number;
  readonly bitsPerSecond: number;
  /** Segments that TCP had to send again. */
  readonly retransmits: number;
}

/** How much to send; how fast (`20M` bits a second) when not as fast as it goes, and how much at a time (`8K`). */
type Amount = ({ readonly bytes: string } | { readonly seconds: number }) & {
  readonly bitrate?: string;
  readonly write?: string;
};

/** Starts iperf3's server on the machine behind the gateway. */
export async function iperfServer(lan: Host): Promise<void> {
  lan.spawn(['iperf3', '-s']);
  await until('iperf3 server', async () => (await lan.run(['ss', '-Hltn', 'sport = 5201'])).stdout !== '', {
    interval: 20,
  });
}

/**
 * TCP `up` (from us) or `down`, for so many bytes or seconds. The figures are the receiver's, which stops counting
 * when the sender has ended: with an amount in bytes some are still on their way.
 */
export async function iperf(
  client: Host,
  direction: 'up' | 'down',
  amount: Amount,
  to: string = ADDRESS.lan,
  tries = 10,
): Promise<Transfer> {
  const text = await client.must(
    [
      'iperf3',
      '-c',
      to,
      '-J',
      // A lost SYN is said again after 1, 3 and 7 seconds.
      '--connect-timeout',
      '20000',
      ...('bytes' in amount ? ['-n', amount.bytes] : ['-t', String(amount.seconds)]),
      ...(amount.bitrate === undefined ? [] : ['-b', amount.bitrate]),
      ...(amount.write === undefined ? [] : ['-l', amount.write]),
      ...(direction === 'down' ? ['-R'] : []),
    ],
    { timeout: 90_000 },
  );
  const report = JSON.parse(text) as {
    readonly error?: string;
    readonly end: {
      readonly sum_received?: { readonly bytes: number; readonly bits_per_second: number };
      readonly sum_sent?: { readonly retransmits?: number };
    };
  };
  // The server may still be clearing up after the test before, and opens its listener anew.
  const early = /server is busy|unable to receive control message: Connection reset|Connection refused/;
  if (tries > 1 && early.test(report.error ?? '')) {
    await sleep(200);
    return iperf(client, direction, amount, to, tries - 1);
  }
  if (!report.end.sum_received) throw new Error(`iperf3 ${direction}: ${report.error ?? text.slice(-500)}`);
  const { bytes, bits_per_second } = report.end.sum_received;
  return { bytes, bitsPerSecond: bits_per_second, retransmits: report.end.sum_sent?.retransmits ?? 0 };
}

/** The names that a name server was asked for so far, in order. */
export type Asked = () => readonly string[];

/** Starts the little name server on a machine: it knows the names below `domain` (`.`: all), and gives them `answer`. */
export async function startNameServer(
  host: Host,
  domain: string,
  answer: string,
  addresses: readonly string[],
): Promise<Asked> {
  const script = fileURLToPath(new URL('name-server.mjs', import.meta.url));
  const child = host.spawn([process.execPath, script, domain, answer, ...addresses], { stdout: 'pipe' });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await until('name server', async () => (await host.run(['ss', '-Hlun', 'sport = 53'])).stdout !== '', {
    interval: 20,
  });
  return () => text.split('\n').slice(0, -1);
}

/** The one on the machine behind the gateway. */
export const nameServer = (lan: Host): Promise<Asked> =>
  startNameServer(lan, 'lab.example', ADDRESS.lan, [ADDRESS.dns, ADDRESS.dns6]);

/** Resolves a name as any program on the machine would (/etc/resolv.conf); undefined when that fails. */
export async function resolve(host: Host, name: string): Promise<string | undefined> {
  const { code, stdout } = await host.run(['getent', 'ahostsv4', name]);
  return code === 0 ? stdout.split(/\s/)[0] : undefined;
}

/** What a program hears that asks this server itself, whatever the machine is set to. */
export async function askServer(host: Host, server: string, name: string): Promise<string> {
  const script =
    'const [, server, name] = process.argv; const { Resolver } = require("node:dns").promises;' +
    'const resolver = new Resolver({ timeout: 1000, tries: 1 }); resolver.setServers([server]);' +
    'resolver.resolve4(name).then(([a]) => console.log(a), () => console.log("nothing"));';
  return (await host.must([process.execPath, '-e', script, server, name])).trim();
}

/** Resident set of a process in MiB. */
export async function residentSet(pid: number): Promise<number> {
  const text = await must('cat', [`/proc/${pid}/status`]);
  return Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1] ?? Number.NaN) / 1024;
}
