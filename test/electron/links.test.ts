/** Deep links and the command line: what is opened, and what is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readArguments } from '../../electron/links/arguments.ts';
import { parseDeepLink } from '../../electron/links/deep-link.ts';

test('links choose what is shown', () => {
  assert.deepEqual(parseDeepLink('culvert://open'), { ok: true, screen: 'home' });
  assert.deepEqual(parseDeepLink('culvert://open/'), { ok: true, screen: 'home' });
  assert.deepEqual(parseDeepLink('culvert://open/status'), { ok: true, screen: 'status' });
  assert.deepEqual(parseDeepLink('culvert://import/'), { ok: true, screen: 'import' });
  assert.deepEqual(parseDeepLink('CULVERT://profile/office'), { ok: true, screen: 'home', tunnel: 'office' });
});

test('everything else is refused', () => {
  for (const link of [
    'culvert:',
    'culvert://',
    'culvert://connect/office',
    'culvert://open/nowhere',
    'culvert://open/../settings/x',
    'culvert://open?next=https://evil.example',
    'culvert://open#x',
    'culvert://user:pass@open',
    'culvert://open:81',
    'culvert://import/https%3A%2F%2Fevil.example',
    'culvert://profile/',
    'culvert://profile/%2e%2e%2f',
    'culvert://profile/%ff',
    'culvert://profile/a%0Ab',
    'https://open',
    `culvert://profile/${'a'.repeat(3000)}`,
  ])
    assert.equal(parseDeepLink(link).ok, false, link);
});

test('no link whatever throws, and none leads to more than a screen and a name', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.webUrl(),
        fc.string().map((s) => `culvert://${s}`),
      ),
      (text) => {
        const link = parseDeepLink(text);
        if (link.ok) assert.ok(Object.keys(link).every((key) => ['ok', 'screen', 'tunnel'].includes(key)));
      },
    ),
  );
});

test('the command line: links, files of our kinds, how to start', () => {
  const argv = [
    'culvert',
    '--hidden',
    'culvert://open',
    'anna.p12',
    '/srv/office.SSWAN',
    'notes.txt',
    '--x=a.p12',
  ];
  assert.deepEqual(readArguments(argv, 1, '/home/anna'), {
    links: ['culvert://open'],
    files: ['/home/anna/anna.p12', '/srv/office.SSWAN'],
    hidden: true,
    quit: false,
  });
  assert.deepEqual(readArguments(['electron', '.'], 2, '/'), {
    links: [],
    files: [],
    hidden: false,
    quit: false,
  });
  assert.equal(readArguments(['culvert', '--quit'], 1, '/').quit, true);
});
