/**
 * What a VPN client changes on a machine, as text to be compared byte by byte: addresses, links, routes of all
 * tables, policy rules, DNS and firewall. Counters, lifetimes and neighbour entries are left out.
 */
import { sleep } from './command.ts';
import type { Host } from './host.ts';

const QUESTIONS = [
  'ip -o -4 address show',
  'ip -o -6 address show',
  'ip -o link show',
  'ip -4 rule show',
  'ip -6 rule show',
  'ip -4 route show table all',
  'ip -6 route show table all',
  'nft -s list ruleset',
  'ls -l /etc/resolv.conf | cut -c1-10',
  'cat /etc/resolv.conf',
  'ls /etc/resolv.conf* /run',
] as const;

/** Everything about the machine that must be as before once a tunnel is gone. */
export async function hostState(host: Host): Promise<string> {
  const script = QUESTIONS.map((question) => `echo '$ ${question}'; ${question} 2>&1 || true`);
  const text = await host.script(script);
  return text
    .replace(/ expires \d+sec/g, '')
    .replace(/(valid_lft|preferred_lft) \d+sec/g, '$1 …')
    .replace(/ stable-privacy/g, '');
}

/**
 * The state to compare with later. A link that has just come up gets its link-local address, and the routes that go
 * with it, some moments afterwards: three equal looks in a row are taken as the end of that.
 */
export async function restingState(host: Host, timeout = 10_000): Promise<string> {
  const end = performance.now() + timeout;
  let state = await hostState(host);
  for (let equal = 1; equal < 3 && performance.now() < end; ) {
    await sleep(150);
    const next = await hostState(host);
    equal = next === state ? equal + 1 : 1;
    state = next;
  }
  return state;
}

/** Lines that differ, as `- before` and `+ after`; empty when equal. */
export function difference(before: string, after: string): string {
  if (before === after) return '';
  const was = before.split('\n');
  const is = after.split('\n');
  const gone = was.filter((line) => !is.includes(line)).map((line) => `- ${line}`);
  const come = is.filter((line) => !was.includes(line)).map((line) => `+ ${line}`);
  const lines = [...gone, ...come];
  return lines.length > 0 ? lines.join('\n') : 'the same lines in another order or number';
}

/** What differs from `before` once things have settled, waiting at most `timeout` ms for nothing. */
export async function settledDifference(host: Host, before: string, timeout = 5_000): Promise<string> {
  const end = performance.now() + timeout;
  for (;;) {
    const found = difference(before, await hostState(host));
    if (found === '' || performance.now() > end) return found;
    await sleep(100);
  }
}
