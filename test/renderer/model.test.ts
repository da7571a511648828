/** What the window makes of snapshots, by itself: throughput, lifetimes, the last hour, the negotiation, the log, documents. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LogLine, TunnelEvent } from '../../engine/api/events.ts';
import type { NegotiationMessage } from '../../engine/api/negotiation.ts';
import type { ChildSnapshot } from '../../engine/api/snapshot.ts';
import { splitSpan } from '../../renderer/i18n/units.ts';
import { valueAt, withValue } from '../../renderer/model/document.ts';
import { daysToExpiry } from '../../renderer/model/expiry.ts';
import { lifetimeOf } from '../../renderer/model/lifetime.ts';
import { appendLines, passes } from '../../renderer/model/log-filter.ts';
import { chosenWords, exchanges } from '../../renderer/model/negotiation.ts';
import { check } from '../../renderer/model/profile-check.ts';
import { freeName, isName, proposeName } from '../../renderer/model/profile-name.ts';
import { expanded, judge, kept, presetOf } from '../../renderer/model/proposal-text.ts';
import { Ring, SAMPLES } from '../../renderer/model/samples.ts';
import { bands, marks, rekeys } from '../../renderer/model/timeline.ts';

const child = (id: number, bytesIn: number, bytesOut = 0): ChildSnapshot =>
  ({ id, bytesIn, bytesOut }) as ChildSnapshot;

test('throughput survives a rekey: a new child counts from zero, an old one takes nothing away', () => {
  const ring = new Ring();
  ring.add(100, [child(1, 5000)]);
  ring.add(101, [child(1, 6000)]);
  assert.deepEqual(ring.latest(), { bitsIn: 8000, bitsOut: 0 });
  ring.add(102, [child(1, 6500), child(2, 500, 250)]);
  assert.deepEqual(ring.latest(), { bitsIn: 8000, bitsOut: 2000 });
  ring.add(103, [child(2, 1500, 250)]);
  assert.deepEqual(ring.latest(), { bitsIn: 8000, bitsOut: 0 });
});

test('snapshots that come too close together are one sample, and an hour is all that is kept', () => {
  const ring = new Ring();
  ring.add(0, [child(1, 0)]);
  ring.add(0.2, [child(1, 100)]);
  ring.add(1, [child(1, 1000)]);
  assert.deepEqual([...ring.series(60).times], [1]);
  for (let n = 2; n < SAMPLES + 100; n++) ring.add(n, [child(1, 1000 * n)]);
  const { times, bitsIn } = ring.series(2 * SAMPLES);
  assert.equal(times.length, SAMPLES);
  assert.equal(times.at(-1), SAMPLES + 99);
  assert.ok(bitsIn.every((bits) => bits === 8000));
  assert.equal(ring.series(300).times.length, 301);
});

test('a lifetime as shares of the whole', () => {
  const now = '2026-01-01T00:10:00Z';
  const life = lifetimeOf({ secondsToRekey: 600, secondsToExpiry: 1800 }, '2026-01-01T00:00:00Z', now);
  assert.deepEqual(life, { elapsed: 0.25, rekeyAt: 0.5, secondsToRekey: 600, secondsToExpiry: 1800 });
  assert.equal(lifetimeOf({}, undefined, now), undefined);
});

const event = (
  time: string,
  topic: string,
  data: TunnelEvent['data'],
  level: TunnelEvent['level'] = 'info',
) => ({ time: `2026-01-01T${time}Z`, topic, level, text: topic, data }) satisfies TunnelEvent;

test('the last hour: bands end where the next begins, what is older is cut', () => {
  const history = [
    event('10:30:00', 'state', { state: 'CONNECTING' }),
    event('11:15:00', 'state', { state: 'ESTABLISHED' }),
    event('11:30:00', 'rekey', { what: 'child', child: 'net', by: 'us', done: true, durationMs: 12 }),
    event('11:30:00', 'rekey', { what: 'child', child: 'net', by: 'us', done: false }),
    event('11:36:00', 'reauth', { cause: 'asked for', done: false }),
    event('11:36:00', 'reauth', { cause: 'asked for', done: true, durationMs: 30 }),
    event('11:39:00', 'reauth', { cause: 'asked for', done: true, code: 'NO_ANSWER' }, 'warn'),
    event('11:40:00', 'reauth', { cause: 'redirect', to: 'gw2', done: true, durationMs: 40 }),
    event('11:45:00', 'drops', { cause: 'replay', count: 3 }, 'warn'),
  ];
  const now = '2026-01-01T12:00:00Z';
  assert.deepEqual(
    bands(history, now).map(({ from, to, state, tone }) => [from, to, state, tone]),
    [
      [0, 0.25, 'CONNECTING', 'orange'],
      [0.25, 1, 'ESTABLISHED', 'green'],
    ],
  );
  assert.deepEqual(
    marks(history, now).map(({ at, lane, tone }) => [at, lane, tone]),
    [
      [0.5, 'rekey', 'green'],
      [0.6, 'rekey', 'green'],
      [0.65, 'trouble', 'orange'],
      [1 - 20 / 60, 'rekey', 'green'],
      [0.75, 'trouble', 'orange'],
    ],
  );
  assert.deepEqual(
    rekeys(history).map((r) => [r.what, r.child ?? r.to, r.by, r.durationMs]),
    [
      ['redirect', 'gw2', 'peer', 40],
      ['reauth', undefined, 'us', 30],
      ['child', 'net', 'us', 12],
    ],
  );
});

const message = (change: Partial<NegotiationMessage>): NegotiationMessage => ({
  sequence: 1,
  time: '2026-01-01T00:00:00.000Z',
  direction: 'sent',
  exchange: 'IKE_SA_INIT',
  kind: 'request',
  messageId: 0,
  spi: 'aa',
  octets: 1,
  fragments: 1,
  retransmits: 0,
  payloads: [],
  ...change,
});

test('a request that a cookie sends back is an exchange of its own', () => {
  const all = exchanges([
    message({ payloads: [{ name: 'SA', proposals: ['aes128gcm16-aes256gcm16-x25519'] }] }),
    message({ sequence: 2, direction: 'received', kind: 'response', payloads: [{ name: 'N(COOKIE)' }] }),
    message({ sequence: 3, payloads: [{ name: 'SA', proposals: ['aes128gcm16-aes256gcm16-x25519'] }] }),
    message({
      sequence: 4,
      direction: 'received',
      kind: 'response',
      time: '2026-01-01T00:00:00.040Z',
      payloads: [{ name: 'SA', proposals: ['aes256gcm16-x25519'] }],
    }),
    // The peer's own request of the same number is not an answer to ours.
    message({ sequence: 5, direction: 'received', kind: 'request', exchange: 'INFORMATIONAL' }),
  ]);
  assert.deepEqual(
    all.map((e) => [e.messages.length, e.retry]),
    [
      [2, 'COOKIE'],
      [2, undefined],
      [1, undefined],
    ],
  );
  assert.equal(all[1]?.durationMs, 40);
  assert.deepEqual([...chosenWords(all[1] ?? assert.fail())], ['aes256gcm16', 'x25519']);
});

const line = (sequence: number, text = '', fields: LogLine['fields'] = {}): LogLine => ({
  sequence,
  time: '',
  level: 'info',
  message: text,
  fields,
});

test('lines of the log come once, also when an engine starts again', () => {
  const first = appendLines([], [line(1), line(2)], 3);
  const more = appendLines(first, [line(2), line(3), line(4)], 3);
  assert.deepEqual(
    more.map((l) => l.sequence),
    [2, 3, 4],
  );
  assert.deepEqual(
    appendLines(more, [line(0)], 3).map((l) => l.sequence),
    [0],
  );
});

test('the log by level, subject, tunnel and words', () => {
  const filter = { level: 'info', subject: 'all', tunnel: '', words: '' } as const;
  assert.ok(passes(line(1, 'x'), filter));
  assert.ok(!passes(line(1, 'x'), { ...filter, level: 'warn' }));
  assert.ok(passes(line(1, 'x', { topic: 'message' }), { ...filter, subject: 'message' }));
  assert.ok(!passes(line(1, 'x', { topic: 'host' }), { ...filter, subject: 'message' }));
  assert.ok(!passes(line(1, 'x', { tunnel: 'a' }), { ...filter, tunnel: 'b' }));
  assert.ok(passes(line(1, 'SPI', { spi: 'c0ffee' }), { ...filter, words: 'SPI=C0FF' }));
});

test('a document keeps what a form does not know, and drops what has become empty', () => {
  const document = { name: 'a', ike: { proposals: 'x', unknown: 1 }, local: { auth: { psk: '***' } } };
  assert.deepEqual(withValue(document, 'ike.proposals', undefined).ike, { unknown: 1 });
  assert.deepEqual(Object.keys(withValue(document, 'ike.proposals', 'y')), ['name', 'ike', 'local']);
  assert.deepEqual(withValue({ name: 'a', dns: { mode: 'use' } }, 'dns.mode', undefined), { name: 'a' });
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]{1,4}$/), { minLength: 1, maxLength: 4 }),
      fc.string(),
      (path, value) => {
        const text = path.join('.');
        assert.equal(valueAt(withValue(document, text, value), text), value);
      },
    ),
  );
});

test('stored secrets are no problem of the form; missing ones are', () => {
  const stored = { name: 'a', gateway: { hosts: 'vpn.example.org' }, local: { auth: { psk: '***' } } };
  assert.deepEqual(check(stored).problems, []);
  const { problems } = check({ ...stored, local: { auth: {} } });
  assert.match(problems[0]?.path ?? '', /^local\.auth/);
});

test('presets and their text', () => {
  assert.equal(presetOf(''), 'recommended');
  assert.equal(presetOf('Windows'), 'windows');
  assert.equal(presetOf('aes256-sha256-modp2048'), 'custom');
  assert.equal(kept(' \n '), undefined);
  assert.equal(kept('a-b,\n c-d'), 'a-b, c-d');
  for (const name of ['recommended', 'suite-b', 'windows', 'apple', 'legacy'])
    for (const protocol of ['ike', 'esp'] as const)
      assert.equal(judge(expanded(name, protocol), protocol).problem, undefined, `${name} ${protocol}`);
  assert.deepEqual(judge('recommended', 'ike').weak, []);
  assert.equal(judge('aes256-nonsense', 'ike').problem?.word, 'nonsense');
});

test('any text becomes a name that is allowed and free', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.array(fc.string()), (text, taken) => {
      const name = proposeName(text);
      assert.ok(isName(name), name);
      const free = freeName(name, [...taken, name]);
      assert.ok(isName(free) && free !== name, free);
    }),
  );
  assert.equal(proposeName('Büro München'), 'Buro-Munchen');
});

test('a span has its two largest units', () => {
  assert.deepEqual(splitSpan(0), { seconds: 0 });
  assert.deepEqual(splitSpan(65), { minutes: 1, seconds: 5 });
  assert.deepEqual(splitSpan(3725), { hours: 1, minutes: 2 });
  assert.deepEqual(splitSpan(90_000), { days: 1, hours: 1 });
});

test('the end of a certificate is told a month before', () => {
  const now = '2026-03-01';
  assert.equal(daysToExpiry(undefined, now), undefined);
  assert.equal(daysToExpiry('2026-05-01T00:00:00Z', now), undefined);
  assert.equal(daysToExpiry('2026-03-31T00:00:00Z', now), 30);
  assert.equal(daysToExpiry('2026-03-01T12:00:00Z', now), 1);
  assert.ok((daysToExpiry('2026-02-20T00:00:00Z', now) ?? 1) <= 0);
});
