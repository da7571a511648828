/** Header, chain, critical bit and sealed frames. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IkeSpi, MessageId } from '../../../engine/base/brand.ts';
import { fromHex, toHex } from '../../../engine/base/bytes.ts';
import {
  decodeHeader,
  decodeMessage,
  decodePayloads,
  encodeMessage,
  encodeSealed,
  firstUnsupportedCritical,
  sealedBodyAt,
  sealedOf,
} from '../../../engine/wire/codec.ts';
import { WireError, type WireErrorCode } from '../../../engine/wire/error.ts';
import { find, findAll, findError, findNotify, notify } from '../../../engine/wire/find.ts';
import type { Header } from '../../../engine/wire/message.ts';
import { NotifyType, Protocol } from '../../../engine/wire/registry.ts';

const header: Header = {
  spiInitiator: '0102030405060708' as IkeSpi,
  spiResponder: '1112131415161718' as IkeSpi,
  majorVersion: 2,
  minorVersion: 0,
  exchange: 37,
  response: true,
  initiator: true,
  messageId: 0xfffffffe as MessageId,
};
const HEADER = '01020304050607081112131415161718';

const throwsWire = (code: WireErrorCode, run: () => unknown): void => {
  assert.throws(run, (e) => e instanceof WireError && e.code === code);
};

test('an empty INFORMATIONAL response is 28 octets', () => {
  const bytes = encodeMessage(header, []);
  assert.equal(toHex(bytes), `${HEADER}00202528fffffffe0000001c`);
  assert.deepEqual(decodeMessage(bytes), { ...header, payloads: [] });
});

test('Length has to be the datagram’s', () => {
  const bytes = encodeMessage(header, [notify(NotifyType.INITIAL_CONTACT)]);
  throwsWire('bad-length', () => decodeMessage(bytes.subarray(0, -1)));
  throwsWire('bad-length', () => decodeMessage(Uint8Array.from([...bytes, 0])));
  throwsWire('truncated', () => decodeMessage(bytes.subarray(0, 27)));
});

test('another major version is refused, its header still read; a minor version is ignored', () => {
  const bytes = encodeMessage({ ...header, majorVersion: 3, minorVersion: 1 }, []);
  throwsWire('bad-version', () => decodeMessage(bytes));
  const h = decodeHeader(bytes);
  assert.deepEqual([h.majorVersion, h.spiInitiator, h.messageId], [3, header.spiInitiator, header.messageId]);
  assert.equal(decodeMessage(encodeMessage({ ...header, minorVersion: 5 }, [])).minorVersion, 5);
});

test('reserved header flags are ignored', () => {
  const bytes = encodeMessage(header, []);
  bytes[19] = 0xff;
  assert.deepEqual(decodeMessage(bytes), { ...header, payloads: [] });
});

test('a payload length below 4 or beyond the end is refused, and so is a chain that ends early', () => {
  throwsWire('bad-length', () => decodePayloads(43, fromHex('00000003')));
  throwsWire('truncated', () => decodePayloads(43, fromHex('00000005')));
  throwsWire('truncated', () => decodePayloads(43, fromHex('2b000004')));
  throwsWire('trailing', () => decodePayloads(43, fromHex('0000000400')));
  throwsWire('trailing', () => decodePayloads(0, fromHex('00')));
  assert.deepEqual(decodePayloads(0, new Uint8Array(0)), []);
});

test('256 payloads are taken, 257 are not', () => {
  const chain = (n: number): Uint8Array => fromHex(`${'2b000004'.repeat(n - 1)}00000004`);
  assert.equal(decodePayloads(43, chain(256)).length, 256);
  throwsWire('too-many', () => decodePayloads(43, chain(257)));
});

test('values do not alias the datagram, a sealed body does', () => {
  const clear = encodeMessage(header, [{ kind: 'Vendor', data: fromHex('aabb') }]);
  const { payloads } = decodeMessage(clear);
  clear.fill(0);
  assert.deepEqual(payloads, [{ kind: 'Vendor', data: fromHex('aabb') }]);
  const { bytes, bodyAt } = encodeSealed(header, { kind: 'SK', firstInner: 41 }, 8);
  const sealed = sealedOf(decodeMessage(bytes));
  bytes[bodyAt] = 7;
  assert.equal(sealed?.body[0], 7);
});

test('a sealed frame has its final size and a place for the body', () => {
  const sk = encodeSealed(header, { kind: 'SK', firstInner: 41 }, 40);
  assert.equal(toHex(sk.bytes.subarray(0, sk.bodyAt)), `${HEADER}2e202528fffffffe000000482900002c`);
  assert.equal(sk.bytes.length, 72);
  const second = encodeSealed(header, { kind: 'SKF', firstInner: 41, number: 2, total: 3 }, 40);
  assert.equal(
    toHex(second.bytes.subarray(0, second.bodyAt)),
    `${HEADER}35202528fffffffe0000004c0000003000020003`,
  );
  const first = encodeSealed(header, { kind: 'SKF', firstInner: 41, number: 1, total: 3 }, 40);
  const decoded = sealedOf(decodeMessage(first.bytes));
  assert.ok(decoded?.kind === 'SKF');
  assert.deepEqual([decoded.firstInner, decoded.number, decoded.total], [41, 1, 3]);
  assert.equal(sealedBodyAt(first.bytes, decoded), first.bodyAt);
  assert.throws(
    () => encodeSealed(header, { kind: 'SKF', firstInner: 41, number: 4, total: 3 }, 40),
    RangeError,
  );
  assert.throws(() => encodeSealed(header, { kind: 'SK', firstInner: 41 }, 65532), RangeError);
});

test('nothing stands behind a sealed payload, and fragment numbers make sense', () => {
  const { bytes } = encodeSealed(header, { kind: 'SK', firstInner: 41 }, 40);
  const longer = Uint8Array.from([...bytes, 0, 0, 0, 4]);
  longer[27] = longer.length;
  throwsWire('misplaced', () => decodeMessage(longer));
  for (const numbers of ['00000001', '00020001', '00010000']) {
    const skf = encodeSealed(header, { kind: 'SKF', firstInner: 0, number: 1, total: 1 }, 8).bytes;
    skf.set(fromHex(numbers), 32);
    throwsWire('bad-value', () => decodeMessage(skf));
  }
});

test('the first unknown payload with the critical bit is named', () => {
  const unknown = (type: number, critical: boolean) => ({
    kind: 'Unknown' as const,
    type,
    critical,
    body: new Uint8Array(0),
  });
  const message = decodeMessage(encodeMessage(header, [unknown(200, false), unknown(201, true)]));
  assert.equal(firstUnsupportedCritical(message.payloads), 201);
  assert.equal(firstUnsupportedCritical([unknown(200, false)]), undefined);
});

test('payloads and notifications are found by kind and type', () => {
  const rekey = notify(NotifyType.REKEY_SA, undefined, Protocol.ESP, fromHex('01020304'));
  const refusal = notify(NotifyType.NO_PROPOSAL_CHOSEN);
  const payloads = [rekey, { kind: 'Vendor', data: fromHex('aa') }, refusal] as const;
  assert.equal(find(payloads, 'Vendor')?.data[0], 0xaa);
  assert.equal(find(payloads, 'SA'), undefined);
  assert.equal(findAll(payloads, 'Notify').length, 2);
  assert.equal(findNotify(payloads, NotifyType.REKEY_SA), rekey);
  assert.equal(findError(payloads), refusal);
});
