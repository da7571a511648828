/** The codec's laws: parse(emit(x)) = x, and arbitrary octets give a value or a WireError, nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { IkeSpi, MessageId } from '../../engine/base/brand.ts';
import { fromHex, toHex } from '../../engine/base/bytes.ts';
import { compareIp } from '../../engine/base/ip.ts';
import { decodeMessage, decodePayloads, encodeMessage, encodePayloads } from '../../engine/wire/codec.ts';
import { dumpMessage } from '../../engine/wire/dump.ts';
import { WireError } from '../../engine/wire/error.ts';
import type { Message } from '../../engine/wire/message.ts';
import type { Payload, TrafficSelector, Transform } from '../../engine/wire/payloads/types.ts';
import { checkRules } from '../../engine/wire/rules.ts';
import { CAPTURES, ikeMessageHex, loadCapture } from '../vectors/captures/load.ts';

const u8 = fc.integer({ min: 0, max: 0xff });
const u15 = fc.integer({ min: 0, max: 0x7fff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const octets = (maxLength = 64, minLength = 0): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength });
const exactly = (n: number): fc.Arbitrary<Uint8Array> => octets(n, n);

/** Plain objects, as decoding makes them. */
const record = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(model, { noNullPrototype: true });

/** Leaves out the keys whose value is undefined, as decoding does. */
const present = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;

const attribute = fc.oneof(
  record({ type: u15.filter((t) => t !== 14), value: u16 }),
  record({ type: u15, value: octets(8) }),
);
const transform = record({
  type: u8,
  id: u16,
  keyLength: fc.option(u16, { nil: undefined }),
  otherAttributes: fc.option(fc.array(attribute, { minLength: 1, maxLength: 4 }), { nil: undefined }),
}).map((t) => present(t) as Transform);
const proposal = fc
  .oneof(
    record({ protocol: fc.constantFrom(2, 3), spi: exactly(4) }),
    record({ protocol: fc.constant(1), spi: fc.oneof(exactly(0), exactly(8)) }),
    record({ protocol: fc.integer({ min: 4, max: 255 }), spi: octets(20) }),
  )
  .chain((base) =>
    record({
      number: u8,
      protocol: fc.constant(base.protocol),
      spi: fc.constant(base.spi),
      transforms: fc.array(transform, { maxLength: 6 }),
    }),
  );

const address = fc.constantFrom(4, 16).chain((n) => fc.tuple(exactly(n), exactly(n)));
const selector: fc.Arbitrary<TrafficSelector> = fc
  .tuple(u8, u16, u16, address, fc.boolean())
  .map(([protocol, a, b, [x, y], opaque]) => ({
    protocol,
    startPort: opaque ? 0xffff : Math.min(a, b),
    endPort: opaque ? 0 : Math.max(a, b),
    start: compareIp(x, y) <= 0 ? x : y,
    end: compareIp(x, y) <= 0 ? y : x,
  }));
const unknownSelector = fc
  .tuple(fc.constantFrom(9, 10, 200), octets(20))
  .map(([type, rest]) => Uint8Array.from([type, 0, 0, 4 + rest.length, ...rest]));
const ts = (kind: 'TSi' | 'TSr'): fc.Arbitrary<Payload> =>
  record({
    selectors: fc.array(selector, { maxLength: 6 }),
    unknown: fc.option(fc.array(unknownSelector, { minLength: 1, maxLength: 3 }), { nil: undefined }),
  }).map((p) => present({ kind, ...p }) as Payload);

const id = (kind: 'IDi' | 'IDr'): fc.Arbitrary<Payload> =>
  fc
    .oneof(
      fc.tuple(fc.constant(1), exactly(4)),
      fc.tuple(fc.constant(5), exactly(16)),
      fc.tuple(
        u8.filter((t) => t !== 1 && t !== 5),
        octets(),
      ),
    )
    .map(([idType, data]) => ({ kind, idType, data }));

const of = <K extends Payload['kind']>(kind: K): fc.Arbitrary<K> => fc.constant(kind);

const PAYLOADS: readonly fc.Arbitrary<Payload>[] = [
  record({ kind: of('SA'), proposals: fc.array(proposal, { minLength: 1, maxLength: 4 }) }),
  record({ kind: of('KE'), method: u16, data: octets(256) }),
  id('IDi'),
  id('IDr'),
  record({ kind: of('CERT'), encoding: u8, data: octets(256) }),
  record({ kind: of('CERTREQ'), encoding: u8, authorities: octets(60) }),
  record({ kind: of('AUTH'), method: u8, data: octets(128) }),
  record({ kind: of('Nonce'), data: octets(256, 16) }),
  record({ kind: of('Notify'), protocol: u8, spi: octets(255), type: u16, data: octets() }),
  record({
    kind: of('Delete'),
    protocol: fc.constantFrom(2, 3),
    spis: fc.array(exactly(4), { maxLength: 8 }),
  }),
  record({ kind: of('Vendor'), data: octets() }),
  ts('TSi'),
  ts('TSr'),
  record({
    kind: of('CP'),
    cfgType: u8,
    attributes: fc.array(record({ type: u15, value: octets(20) }), { maxLength: 8 }),
  }),
  octets().map((rest) => ({ kind: 'EAP', packet: Uint8Array.from([1, 2, 0, 4 + rest.length, ...rest]) })),
  record({
    kind: of('Unknown'),
    type: fc.oneof(fc.integer({ min: 1, max: 32 }), fc.integer({ min: 54, max: 255 })),
    critical: fc.boolean(),
    body: octets(),
  }),
];

const sealed: fc.Arbitrary<Payload> = fc.oneof(
  record({ kind: of('SK'), firstInner: u8, body: octets(200) }),
  fc.tuple(u8, fc.integer({ min: 1, max: 0xffff }), fc.integer({ min: 1, max: 0xffff }), octets(200)).map(
    ([firstInner, a, b, body]): Payload => ({
      kind: 'SKF',
      firstInner,
      number: Math.min(a, b),
      total: Math.max(a, b),
      body,
    }),
  ),
);

const spi = exactly(8).map((b) => toHex(b) as IkeSpi);
const nibble = fc.integer({ min: 0, max: 15 });
const message: fc.Arbitrary<Message> = fc
  .tuple(
    record({
      spiInitiator: spi,
      spiResponder: spi,
      majorVersion: fc.constant(2),
      minorVersion: nibble,
      exchange: u8,
      response: fc.boolean(),
      initiator: fc.boolean(),
      messageId: fc.integer({ min: 0, max: 0xffff_ffff }).map((n) => n as MessageId),
    }),
    fc.array(fc.oneof(...PAYLOADS), { maxLength: 8 }),
    fc.option(sealed, { nil: undefined }),
  )
  .map(([header, payloads, last]) => ({ ...header, payloads: last ? [...payloads, last] : payloads }));

/** Decoding is total; whatever comes out can be printed, judged and written, and reads the same again. */
function decodesOrRefuses(bytes: Uint8Array): boolean {
  let decoded: Message;
  try {
    decoded = decodeMessage(bytes);
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
  assert.ok(!/[\r\n]/.test(dumpMessage(decoded, decoded.payloads)));
  checkRules(decoded.exchange, decoded.response, decoded.payloads);
  assert.deepEqual(decodeMessage(encodeMessage(decoded, decoded.payloads)), decoded);
  return true;
}

for (const payload of PAYLOADS)
  test(`parse(emit(x)) = x: ${fc.sample(payload, { seed: 1, numRuns: 1 })[0]?.kind}`, () => {
    fc.assert(
      fc.property(payload, octets(16), (p, scratch) => {
        const { firstType, bytes } = encodePayloads([p], scratch);
        assert.deepEqual(decodePayloads(firstType, bytes), [p]);
      }),
      { numRuns: 200 },
    );
  });

test('parse(emit(x)) = x: messages', () => {
  fc.assert(
    fc.property(message, (m) => {
      assert.deepEqual(decodeMessage(encodeMessage(m, m.payloads)), m);
      assert.ok(!/[\r\n]/.test(dumpMessage(m, m.payloads)));
    }),
    { numRuns: 500 },
  );
});

test('arbitrary octets: a value or a WireError', () => {
  fc.assert(
    fc.property(octets(400), u8, (bytes, type) => {
      decodesOrRefuses(bytes);
      try {
        decodePayloads(type, bytes);
      } catch (error) {
        assert.ok(error instanceof WireError);
      }
    }),
    { numRuns: 3000 },
  );
});

test('arbitrary octets behind a good header: a value or a WireError', () => {
  const start = '01020304050607081112131415161718';
  fc.assert(
    fc.property(octets(200), u8, u8, (body, next, exchange) => {
      const head = fromHex(`${start}${toHex(Uint8Array.of(next, 0x20, exchange, 8))}00000001000000`);
      decodesOrRefuses(Uint8Array.from([...head, 28 + body.length, ...body].slice(0, 28 + body.length)));
    }),
    { numRuns: 3000 },
  );
});

const real = CAPTURES.flatMap((name) =>
  loadCapture(name)
    .datagrams.filter((d) => d.kind === 'ike')
    .map((d) => fromHex(ikeMessageHex(d))),
);
const insides = CAPTURES.flatMap((name) => loadCapture(name).insides);
const edits = fc.array(fc.tuple(fc.nat(), u8), { minLength: 1, maxLength: 6 });

function edited(bytes: Uint8Array, changes: readonly (readonly [number, number])[]): Uint8Array {
  const out = bytes.slice();
  for (const [at, value] of changes) out[at % out.length] = value;
  return out;
}

test('real messages with a few octets changed: a value or a WireError', () => {
  let values = 0;
  let refusals = 0;
  fc.assert(
    fc.property(fc.constantFrom(...real), edits, (bytes, changes) => {
      if (decodesOrRefuses(edited(bytes, changes))) values++;
      else refusals++;
    }),
    { numRuns: 3000, seed: 7296 },
  );
  assert.ok(values > 100 && refusals > 100, `${values} values, ${refusals} refusals`);
});

test('real insides with a few octets changed: a value or a WireError', () => {
  fc.assert(
    fc.property(fc.constantFrom(...insides.filter((i) => i.hex)), edits, (inside, changes) => {
      try {
        const payloads = decodePayloads(inside.firstInner, edited(fromHex(inside.hex), changes));
        checkRules(inside.exchange, inside.response, [], payloads);
      } catch (error) {
        assert.ok(error instanceof WireError);
      }
    }),
    { numRuns: 3000 },
  );
});

/** The worst that 64 KiB can ask for: as many small elements as fit, of each kind. */
const WORST: readonly (readonly [what: string, type: number, body: string])[] = [
  ['vendor payloads', 43, '2b000004'.repeat(16_000)],
  ['SPIs without a size', 42, '000000080300ffff'],
  ['proposals', 33, `0000fffc${'0200000801010000'.repeat(8_190)}`],
  ['cfg attributes', 47, `0000fffc01000000${'00010000'.repeat(16_381)}`],
  ['transforms', 33, `0000fffc0000fff8010100ff${'0300000801000001'.repeat(8_189)}`],
];

for (const [what, type, hex] of WORST)
  test(`64 KiB of ${what} are refused after a bounded number of elements`, () => {
    assert.throws(() => decodePayloads(type, fromHex(hex)), WireError);
  });
