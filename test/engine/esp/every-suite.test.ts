/** Every suite of the registry as ESP: each provider seals, every other one opens, with and without ESN. */
import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { test } from 'node:test';
import type { Spi32 } from '../../../engine/base/brand.ts';
import { prefixRange } from '../../../engine/base/ip.ts';
import { cipherSizes, suiteName } from '../../../engine/crypto/suites.ts';
import { InnerHeader } from '../../../engine/esp/inner.ts';
import { ReplayWindow } from '../../../engine/esp/replay.ts';
import { InboundSa, Opened, OutboundSa } from '../../../engine/esp/sa.ts';
import { TrafficSelectors } from '../../../engine/esp/selectors.ts';
import { buildUdp } from '../../../engine/gateway/ip-packets.ts';
import { having, SUITES, seeded } from '../os/crypto/providers.ts';

const EVERYTHING = [
  { protocol: 0, startPort: 0, endPort: 65535, ...prefixRange({ address: '0.0.0.0', length: 0 }) },
];
const ANY = new TrafficSelectors(EVERYTHING, EVERYTHING);
const SPI = 0x1234 as Spi32;
const SPACE = 64;

for (const suite of SUITES)
  test(`${suiteName(suite)}: packets of every padding, opened once`, () => {
    const sizes = cipherSizes(suite);
    assert.ok(sizes);
    const random = seeded(suite.encr + suite.keyBits + suite.integ);
    const encrKey = random(sizes.encrKeyLength);
    const integKey = random(sizes.integKeyLength);
    const inner = new InnerHeader();
    for (const esn of [false, true])
      for (const sender of having(suite)) {
        const out = new OutboundSa(SPI, sender.cipher(suite, encrKey, integKey), esn, (into) => {
          randomFillSync(into);
        });
        const ins = having(suite).map(
          (p) => new InboundSa(SPI, p.cipher(suite, encrKey, integKey), esn, new ReplayWindow(64, esn), ANY),
        );
        for (let octets = 0; octets < 17; octets++) {
          const packet = buildUdp('10.1.0.1', '10.2.0.1', {
            sourcePort: 1,
            destinationPort: 2,
            data: random(octets),
          });
          const buffer = new Uint8Array(packet.length + 2 * SPACE);
          buffer.set(packet, SPACE);
          const length = out.seal(buffer, SPACE, packet.length, 4);
          const at = SPACE - out.headroom;
          assert.equal(length % 4, 0);
          for (const receiver of ins) {
            const copy = buffer.slice();
            assert.equal(receiver.open(copy, at, length, inner), Opened.OK);
            assert.deepEqual(copy.subarray(SPACE, SPACE + packet.length), packet);
            assert.equal(receiver.open(buffer.slice(), at, length, inner), Opened.REPLAY);
          }
        }
      }
  });
