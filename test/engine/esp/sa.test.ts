/** ESP SAs: captured and published packets, round trips in every suite and provider, padding, exhaustion. */
import assert from 'node:assert/strict';
import { randomBytes, randomFillSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Spi32 } from '../../../engine/base/brand.ts';
import { fromHex, readU32, toHex, writeU32 } from '../../../engine/base/bytes.ts';
import { prefixRange } from '../../../engine/base/ip.ts';
import type { CipherSuite, CryptoProvider, PacketCipher } from '../../../engine/crypto/port.ts';
import { cipherSizes, suiteName } from '../../../engine/crypto/suites.ts';
import { InnerHeader } from '../../../engine/esp/inner.ts';
import type { Selector } from '../../../engine/esp/params.ts';
import { ReplayWindow } from '../../../engine/esp/replay.ts';
import { InboundSa, Opened, OutboundSa } from '../../../engine/esp/sa.ts';
import { TrafficSelectors } from '../../../engine/esp/selectors.ts';
import { buildUdp, parseEcho, readIp } from '../../../engine/gateway/ip-packets.ts';
import { nodeProvider } from '../../../engine/os/crypto/node.ts';
import { type Capture, loadCapture } from '../../vectors/captures/load.ts';
import { SUITES } from '../datapath/support/pairs.ts';
import { PROVIDERS } from '../os/crypto/providers.ts';

const prefix = (address: string, length: number): Selector => ({
  protocol: 0,
  startPort: 0,
  endPort: 65535,
  ...prefixRange({ address, length }),
});
const EVERYTHING = [prefix('0.0.0.0', 0), prefix('::', 0)];
const ANY = new TrafficSelectors(EVERYTHING, EVERYTHING);
const fill = (into: Uint8Array): void => {
  randomFillSync(into);
};

const inbound = (
  spi: number,
  cipher: ReturnType<CryptoProvider['cipher']>,
  esn = false,
  selectors = ANY,
): InboundSa => new InboundSa(spi as Spi32, cipher, esn, new ReplayWindow(1024, esn), selectors);

interface Ends {
  readonly out: OutboundSa;
  readonly in: InboundSa;
}

function ends(
  suite: CipherSuite,
  esn = false,
  provider: CryptoProvider = nodeProvider,
  selectors = ANY,
): Ends {
  const sizes = cipherSizes(suite);
  assert.ok(sizes);
  const encr = randomBytes(sizes.encrKeyLength);
  const integ = randomBytes(sizes.integKeyLength);
  return {
    out: new OutboundSa(0x1234 as Spi32, provider.cipher(suite, encr, integ), esn, fill),
    in: inbound(0x1234, provider.cipher(suite, encr, integ), esn, selectors),
  };
}

const SPACE = 64;
const inner = new InnerHeader();

/** Seals in a junk-filled buffer; gives the packet alone. */
function seal(sa: OutboundSa, packet: Uint8Array, nextHeader = 4): Uint8Array {
  const buffer = new Uint8Array(packet.length + 2 * SPACE).fill(0xa5);
  buffer.set(packet, SPACE);
  const length = sa.seal(buffer, SPACE, packet.length, nextHeader);
  if (length === 0) return new Uint8Array(0);
  const at = SPACE - sa.headroom;
  assert.ok(
    buffer.subarray(0, at).every((o) => o === 0xa5),
    'nothing before the packet is touched',
  );
  assert.ok(
    buffer.subarray(at + length).every((o) => o === 0xa5),
    'nothing behind it either',
  );
  return buffer.slice(at, at + length);
}

const packetOf = (octets: number): Uint8Array =>
  buildUdp('10.1.0.1', '10.2.0.1', { sourcePort: 1, destinationPort: 2, data: randomBytes(octets) });

const SUITE_OF: Readonly<Record<string, CipherSuite>> = {
  'psk-gcm': { encr: 20, keyBits: 256, integ: 0 },
  'psk-cbc': { encr: 12, keyBits: 256, integ: 12 },
  'ec-gcm': { encr: 20, keyBits: 128, integ: 0 },
  'rsa-frag': { encr: 28, keyBits: 256, integ: 0 },
  mschapv2: { encr: 20, keyBits: 128, integ: 0 },
  eaptls: { encr: 12, keyBits: 256, integ: 14 },
};

function captured(capture: Capture, suite: CipherSuite): Map<number, InboundSa> {
  const bySpi = new Map<number, InboundSa>();
  const cipher = (encr: string, integ?: string) =>
    nodeProvider.cipher(suite, fromHex(encr), fromHex(integ ?? ''));
  for (const c of capture.children) {
    const [i, r] = [readU32(fromHex(c.spiInitiator), 0), readU32(fromHex(c.spiResponder), 0)];
    bySpi.set(i, inbound(i, cipher(c.encryptionResponder, c.integrityResponder)));
    bySpi.set(r, inbound(r, cipher(c.encryptionInitiator, c.integrityInitiator)));
  }
  return bySpi;
}

for (const [name, suite] of Object.entries(SUITE_OF))
  test(`strongSwan's packets of ${name} open, once`, () => {
    const capture = loadCapture(name as Parameters<typeof loadCapture>[0]);
    const sas = captured(capture, suite);
    const pings: string[] = [];
    for (const datagram of capture.datagrams.filter((d) => d.kind === 'esp')) {
      const bytes = fromHex(datagram.hex);
      const sa = sas.get(readU32(bytes, 0));
      assert.ok(sa);
      const copy = bytes.slice();
      assert.equal(sa.open(bytes, 0, bytes.length, inner), Opened.OK);
      const ip = readIp(bytes.subarray(sa.innerAt, sa.innerAt + inner.length));
      const echo = ip && parseEcho(ip);
      assert.ok(ip && echo, 'a ping with a right checksum');
      pings.push(`${ip.source} ${ip.destination} ${echo.kind} ${echo.sequence}`);
      assert.equal(sa.open(copy, 0, copy.length, inner), Opened.REPLAY);
    }
    assert.equal(pings.length, 12);
    assert.match(pings[0] ?? '', /^10\.98\.0\.\d+ 10\.99\.0\.\d+ request 1$/);
    assert.match(pings[1] ?? '', /^10\.99\.0\.\d+ 10\.98\.0\.\d+ reply 1$/);
  });

test('RFC 7634 appendix A opens to its ICMP packet', () => {
  const key = `${Array.from({ length: 32 }, (_, i) => (0x80 + i).toString(16)).join('')}a0a1a2a3`;
  const packet = fromHex(
    '01020304000000051011121314151617' +
      '24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c6' +
      '14ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3' +
      'cbec163fac469b502773f6fb94e664da9165b82829f641e0' +
      '76aaa8266b7fb0f7b11b369907e1ad43',
  );
  const sa = inbound(
    0x01020304,
    nodeProvider.cipher({ encr: 28, keyBits: 256, integ: 0 }, fromHex(key), new Uint8Array(0)),
  );
  assert.equal(sa.open(packet, 0, packet.length, inner), Opened.OK);
  assert.equal(inner.length, 84);
  assert.equal(
    toHex(packet.subarray(sa.innerAt, sa.innerAt + 20)),
    '45000054a6f200004001e778c6336405c0000205',
  );
});

for (const suite of SUITES)
  for (const provider of PROVIDERS)
    test(`${suiteName(suite)} by ${provider.name}: what is sealed opens, what is touched does not`, () => {
      for (const esn of [false, true]) {
        const pair = ends(suite, esn, provider);
        const octets = fc.integer({ min: 0, max: 300 });
        fc.assert(
          fc.property(octets, fc.nat(), fc.integer({ min: 1, max: 255 }), (size, where, flip) => {
            const packet = packetOf(size);
            const sealed = seal(pair.out, packet);
            assert.equal(sealed.length % 4, 0);
            assert.equal(sealed.length, pair.out.headroom + packet.length + pair.out.tailroom(packet.length));
            const bad = sealed.slice();
            bad[where % bad.length] = (bad[where % bad.length] as number) ^ flip;
            const verdict = pair.in.open(bad, 0, bad.length, inner);
            assert.ok(where % bad.length < 4 || verdict === Opened.INTEGRITY || verdict === Opened.REPLAY);
            if (where % bad.length >= 4) assert.equal(pair.in.authentic, false);
            else if (verdict === Opened.OK) assert.fail('the SPI is authenticated as well');
            assert.equal(pair.in.open(sealed, 0, sealed.length, inner), Opened.OK);
            assert.deepEqual(sealed.subarray(pair.in.innerAt, pair.in.innerAt + inner.length), packet);
          }),
          { numRuns: 15 },
        );
      }
    });

const GCM: CipherSuite = { encr: 20, keyBits: 128, integ: 0 };
const CBC: CipherSuite = { encr: 12, keyBits: 128, integ: 12 };

test('largestInner is the border, not beside it', () => {
  for (const suite of [GCM, CBC])
    for (let room = 200; room < 240; room++) {
      const { out } = ends(suite);
      const most = out.largestInner(room);
      const size = (n: number): number => out.headroom + n + out.tailroom(n);
      assert.ok(size(most) <= room && size(most + 1) > room, `${room}: ${most}`);
    }
});

test('counter IVs are the sequence number, random IVs never repeat', () => {
  const gcm = ends(GCM).out;
  seal(gcm, packetOf(4));
  assert.equal(toHex(seal(gcm, packetOf(4)).subarray(0, 16)), `00001234${'00000002'}0000000000000002`);
  const cbc = ends(CBC).out;
  const ivs = new Set(Array.from({ length: 600 }, () => toHex(seal(cbc, packetOf(4)).subarray(8, 24))));
  assert.equal(ivs.size, 600);
});

test('sequence numbers end the SA, extended ones go on and then end it', () => {
  const plain = ends(GCM).out;
  plain.startAfter(0, 0xfffffffe);
  assert.ok(seal(plain, packetOf(4)).length > 0);
  assert.equal(seal(plain, packetOf(4)).length, 0);
  assert.ok(plain.exhausted);
  const esn = ends(GCM, true);
  esn.out.startAfter(0, 0xfffffffd);
  const sealed = [1, 2, 3, 4].map(() => seal(esn.out, packetOf(4)));
  assert.deepEqual(
    sealed.map((p) => readU32(p, 4)),
    [0xfffffffe, 0xffffffff, 0, 1],
  );
  esn.out.startAfter(0xffffffff, 0xffffffff);
  assert.equal(seal(esn.out, packetOf(4)).length, 0);
});

test('a receiver follows extended numbers over the wrap', () => {
  const { out, in: receiver } = ends(GCM, true);
  for (const [high, low] of [
    [0, 0],
    [0, 0x7fffffff],
    [0, 0xfffffff0],
  ] as const) {
    out.startAfter(high, low);
    const sealed = seal(out, packetOf(4));
    assert.equal(receiver.open(sealed, 0, sealed.length, inner), Opened.OK);
  }
  const rest = Array.from({ length: 40 }, () => seal(out, packetOf(4)));
  for (const sealed of rest.reverse())
    assert.equal(receiver.open(sealed, 0, sealed.length, inner), Opened.OK);
});

test('dummy packets and padding behind the inner packet', () => {
  const { out, in: receiver } = ends(GCM);
  const dummy = seal(out, randomBytes(50), 59);
  assert.equal(receiver.open(dummy, 0, dummy.length, inner), Opened.DUMMY);
  assert.ok(receiver.authentic);
  const packet = packetOf(30);
  const padded = new Uint8Array(packet.length + 700);
  padded.set(packet);
  const tfc = seal(out, padded);
  assert.equal(receiver.open(tfc, 0, tfc.length, inner), Opened.OK);
  assert.equal(inner.length, packet.length);
});

test('authentic nonsense is malformed', () => {
  const { out, in: receiver } = ends(GCM);
  const verdict = (content: Uint8Array, nextHeader: number): number => {
    const sealed = seal(out, content, nextHeader);
    return receiver.open(sealed, 0, sealed.length, inner);
  };
  assert.equal(verdict(packetOf(8), 41), Opened.MALFORMED, 'IPv4 said to be IPv6');
  assert.equal(verdict(packetOf(8), 6), Opened.MALFORMED, 'transport mode');
  assert.equal(verdict(new Uint8Array(20), 4), Opened.MALFORMED, 'no IP packet');
  assert.equal(verdict(packetOf(8).subarray(0, 30), 4), Opened.MALFORMED, 'cut off');
});

test('wrong padding is malformed', () => {
  // A cipher that passes everything through shows the octets to the checks as they are.
  const transparent: PacketCipher = {
    encrKeyLength: 0,
    integKeyLength: 0,
    ivLength: 8,
    ivKind: 'counter',
    icvLength: 0,
    blockLength: 1,
    seal: () => undefined,
    open: () => true,
    destroy: () => undefined,
  };
  const packet = packetOf(1);
  const build = (sequence: number, ...trailer: readonly number[]): Uint8Array => {
    const bytes = new Uint8Array(16 + packet.length + trailer.length);
    writeU32(bytes, 4, sequence);
    bytes.set(packet, 16);
    bytes.set(trailer, 16 + packet.length);
    return bytes;
  };
  const receiver = inbound(1, transparent);
  const verdict = (bytes: Uint8Array): number => receiver.open(bytes, 0, bytes.length, inner);
  assert.equal(verdict(build(1, 1, 2, 3, 3, 4)), Opened.OK);
  assert.equal(verdict(build(2, 1, 2, 4, 3, 4)), Opened.MALFORMED);
  assert.equal(verdict(build(3, 0, 0, 2, 4)), Opened.MALFORMED);
  assert.equal(verdict(build(4, 255, 4)), Opened.MALFORMED);
  // Whatever else a dummy packet has in it.
  assert.equal(verdict(build(5, 0, 0, 2, 59)), Opened.DUMMY);
  assert.equal(verdict(build(6, 255, 59)), Opened.DUMMY);
});

test('authentic packets outside the selectors are told apart', () => {
  const narrow = new TrafficSelectors([prefix('10.2.0.0', 16)], [prefix('10.9.0.0', 16)]);
  const { out, in: receiver } = ends(GCM, false, nodeProvider, narrow);
  const sealed = seal(out, packetOf(8));
  assert.equal(receiver.open(sealed, 0, sealed.length, inner), Opened.SELECTOR);
  assert.ok(receiver.authentic);
});
