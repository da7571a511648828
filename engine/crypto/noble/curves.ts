/** The prime curves of IKEv2 by Key Exchange Method: noble's, and by its arithmetic those that it does not name. */
import { ecdh, weierstrass } from '@noble/curves/abstract/weierstrass.js';
import { brainpoolP256r1, brainpoolP384r1, brainpoolP512r1 } from '@noble/curves/misc.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';

export type EcpCurve = Pick<ReturnType<typeof ecdh>, 'getPublicKey' | 'getSharedSecret'>;

/** Hex digits of p, a, b, n and the base point. */
const PARAMETERS: ReadonlyMap<number, readonly [string, string, string, string, string, string]> = new Map([
  [
    // ECP-192: secp192r1 of SEC 2.
    25,
    [
      'fffffffffffffffffffffffffffffffeffffffffffffffff',
      'fffffffffffffffffffffffffffffffefffffffffffffffc',
      '64210519e59c80e70fa7e9ab72243049feb8deecc146b9b1',
      'ffffffffffffffffffffffff99def836146bc9b1b4d22831',
      '188da80eb03090f67cbf20eb43a18800f4ff0afd82ff1012',
      '07192b95ffc8da78631011ed6b24cdd573f977a11e794811',
    ],
  ],
  [
    // ECP-224: secp224r1 of SEC 2.
    26,
    [
      'ffffffffffffffffffffffffffffffff000000000000000000000001',
      'fffffffffffffffffffffffffffffffefffffffffffffffffffffffe',
      'b4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4',
      'ffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3d',
      'b70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21',
      'bd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34',
    ],
  ],
  [
    // brainpoolP224r1 (RFC 5639 §3.3).
    27,
    [
      'd7c134aa264366862a18302575d1d787b09f075797da89f57ec8c0ff',
      '68a5e62ca9ce6c1c299803a6c1530b514e182ad8b0042a59cad29f43',
      '2580f63ccfe44138870713b1a92369e33e2135d266dbb372386c400b',
      'd7c134aa264366862a18302575d0fb98d116bc4b6ddebca3a5a7939f',
      '0d9029ad2c7e5cf4340823b2a87dc68c9e4ce3174c1e6efdee12c07d',
      '58aa56f772c0726f24c6b89e4ecdac24354b9e99caa3f6d3761402cd',
    ],
  ],
]);

const CURVES: Map<number, EcpCurve> = new Map<number, EcpCurve>([
  [19, p256],
  [20, p384],
  [21, p521],
  [28, brainpoolP256r1],
  [29, brainpoolP384r1],
  [30, brainpoolP512r1],
]);

/** The curve of a Key Exchange Method, or `undefined` when that is none known here. */
export function ecpCurve(method: number): EcpCurve | undefined {
  const known = CURVES.get(method);
  const parameters = PARAMETERS.get(method);
  if (known || !parameters) return known;
  const [p, a, b, n, Gx, Gy] = parameters.map((digits) => BigInt(`0x${digits}`)) as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const curve = ecdh(weierstrass({ p, a, b, n, Gx, Gy, h: 1n }));
  CURVES.set(method, curve);
  return curve;
}
