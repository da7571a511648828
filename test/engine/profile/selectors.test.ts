/** Traffic selectors in strongSwan's notation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIp } from '../../../engine/base/ip.ts';
import { parseSelector } from '../../../engine/profile/selectors.ts';

const shown = (text: string): string => {
  const read = parseSelector(text);
  if (!read.ok) return `error: ${read.error}`;
  if (read.value === 'dynamic') return 'dynamic';
  const { start, end, protocol, startPort, endPort } = read.value;
  return `${formatIp(start)}-${formatIp(end)} ${protocol} ${startPort}-${endPort}`;
};

const GOOD: readonly (readonly [string, string])[] = [
  ['dynamic', 'dynamic'],
  ['10.0.0.0/8', '10.0.0.0-10.255.255.255 0 0-65535'],
  ['10.1.2.3/8', '10.0.0.0-10.255.255.255 0 0-65535'],
  ['10.0.0.1', '10.0.0.1-10.0.0.1 0 0-65535'],
  ['10.0.0.1-10.0.0.9', '10.0.0.1-10.0.0.9 0 0-65535'],
  ['10.0.0.1..10.0.0.9', '10.0.0.1-10.0.0.9 0 0-65535'],
  ['10.0.0.1[tcp/443]', '10.0.0.1-10.0.0.1 6 443-443'],
  ['10.0.0.1[TCP/443]', '10.0.0.1-10.0.0.1 6 443-443'],
  ['10.0.0.0/24[udp]', '10.0.0.0-10.0.0.255 17 0-65535'],
  ['10.0.0.0/24[/53]', '10.0.0.0-10.0.0.255 0 53-53'],
  ['10.0.0.0/24[tcp/1000-2000]', '10.0.0.0-10.0.0.255 6 1000-2000'],
  ['10.0.0.0/24[icmp/8]', '10.0.0.0-10.0.0.255 1 2048-2303'],
  ['10.0.0.0/24[47]', '10.0.0.0-10.0.0.255 47 0-65535'],
  ['10.0.0.0/24[tcp/opaque]', '10.0.0.0-10.0.0.255 6 65535-0'],
  ['fd00::/64[ipv6-icmp]', 'fd00::-fd00::ffff:ffff:ffff:ffff 58 0-65535'],
  ['::/0', '::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 0 0-65535'],
];

test('what strongSwan takes', () => {
  for (const [text, expected] of GOOD) assert.equal(shown(text), expected, text);
});

test('what is none says which part', () => {
  const bad: readonly (readonly [string, RegExp])[] = [
    ['', /not an address/],
    ['10.0.0.0/33', /10\.0\.0\.0\/33/],
    ['10.0.0.9-10.0.0.1', /ends before/],
    ['10.0.0.1-fd00::1', /mixes/],
    ['10.0.0.1[tcp/70000]', /70000/],
    ['10.0.0.1[tcp/9-1]', /9-1/],
    ['10.0.0.1[foo/1]', /foo/],
    ['10.0.0.1[constructor]', /constructor/],
    ['10.0.0.1[256]', /256/],
    ['10.0.0.1[tcp/1/2]', /tcp/],
    ['10.0.0.1[icmp/256]', /256/],
    ['10.0.0.1[tcp', /not a traffic selector/],
    ['dynamic[tcp]', /dynamic/],
  ];
  for (const [text, expected] of bad)
    assert.match(shown(text), new RegExp(`^error: .*${expected.source}`), text);
});
