/** SA pairs that fit each other, for tests of the data path. */
import { randomBytes } from 'node:crypto';
import type { Spi32 } from '../../../../engine/base/brand.ts';
import { prefixRange } from '../../../../engine/base/ip.ts';
import type { CipherSuite } from '../../../../engine/crypto/port.ts';
import { cipherSizes } from '../../../../engine/crypto/suites.ts';
import type { EspSaPair, Selector } from '../../../../engine/esp/params.ts';

export const GCM: CipherSuite = { encr: 20, keyBits: 128, integ: 0 };

/** Every suite that the tests run through. */
export const SUITES: readonly CipherSuite[] = [
  ...[128, 192, 256].map((keyBits) => ({ encr: 20, keyBits, integ: 0 })),
  { encr: 28, keyBits: 256, integ: 0 },
  ...[2, 12, 13, 14].flatMap((integ) => [128, 256].map((keyBits) => ({ encr: 12, keyBits, integ }))),
];

export const anyPort = (prefix: string, length: number): Selector => ({
  protocol: 0,
  startPort: 0,
  endPort: 65535,
  ...prefixRange({ address: prefix, length }),
});

export const NO_LIMITS = { softBytes: 0, hardBytes: 0, softPackets: 0, hardPackets: 0 };

/** Two ends of one CHILD_SA: `left` has 10.1.0.0/16 and fd01::/16, `right` 10.2.0.0/16 and fd02::/16. */
export function pairs(
  suite: CipherSuite,
  change: Partial<EspSaPair> = {},
): { left: EspSaPair; right: EspSaPair } {
  const sizes = cipherSizes(suite);
  if (!sizes) throw new Error('unknown suite');
  const [e1, e2] = [randomBytes(sizes.encrKeyLength), randomBytes(sizes.encrKeyLength)];
  const [i1, i2] = [randomBytes(sizes.integKeyLength), randomBytes(sizes.integKeyLength)];
  const a = [anyPort('10.1.0.0', 16), anyPort('fd01::', 16)];
  const b = [anyPort('10.2.0.0', 16), anyPort('fd02::', 16)];
  const id = change.id ?? 1;
  const common = {
    id,
    suite,
    esn: false,
    replayWindow: 1024,
    limits: NO_LIMITS,
    copyDscp: 'out' as const,
    copyEcn: true,
    outbound: 'now' as const,
  };
  const [spiIn, spiOut] = [(0x1000 + id) as Spi32, (0x2000 + id) as Spi32];
  const copy = (b: Uint8Array): Uint8Array => new Uint8Array(b);
  const keysLeft = { inEncr: copy(e1), inInteg: copy(i1), outEncr: copy(e2), outInteg: copy(i2) };
  const keysRight = { inEncr: copy(e2), inInteg: copy(i2), outEncr: copy(e1), outInteg: copy(i1) };
  return {
    left: { ...common, spiIn, spiOut, keys: keysLeft, local: a, remote: b, ...change },
    right: { ...common, spiIn: spiOut, spiOut: spiIn, keys: keysRight, local: b, remote: a, ...change },
  };
}
