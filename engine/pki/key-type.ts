/** What a public or private key is, as far as IKE cares. */
import type { KeyObject } from 'node:crypto';

export type KeyType = 'rsa' | 'rsa-pss' | 'ec' | 'ed25519' | 'ed448';

export interface KeyInfo {
  readonly type: KeyType;
  /** Modulus length for RSA, order length for elliptic curves. */
  readonly bits: number;
  /** OpenSSL's name of the curve, for `ec`. */
  readonly curve?: string;
}

const CURVE_BITS: Readonly<Record<string, number>> = {
  prime256v1: 256,
  secp384r1: 384,
  secp521r1: 521,
  secp256k1: 256,
  secp224r1: 224,
  prime192v1: 192,
  brainpoolP256r1: 256,
  brainpoolP384r1: 384,
  brainpoolP512r1: 512,
};

/** `undefined` for a key that cannot sign in IKEv2 (DSA, X25519, a curve without a name, …). */
export function keyInfo(key: KeyObject): KeyInfo | undefined {
  const details = key.asymmetricKeyDetails;
  switch (key.asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss':
      return { type: key.asymmetricKeyType, bits: details?.modulusLength ?? 0 };
    case 'ec': {
      const curve = details?.namedCurve;
      const bits = curve === undefined ? undefined : CURVE_BITS[curve];
      return curve !== undefined && bits !== undefined ? { type: 'ec', bits, curve } : undefined;
    }
    case 'ed25519':
      return { type: 'ed25519', bits: 256 };
    case 'ed448':
      return { type: 'ed448', bits: 448 };
    default:
      return undefined;
  }
}

/** `RSA 3072`, `ECDSA P-256`, `Ed25519`. */
export function describeKey(info: KeyInfo): string {
  switch (info.type) {
    case 'rsa':
      return `RSA ${info.bits}`;
    case 'rsa-pss':
      return `RSA-PSS ${info.bits}`;
    case 'ed25519':
      return 'Ed25519';
    case 'ed448':
      return 'Ed448';
    case 'ec':
      return `ECDSA ${{ prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }[info.curve ?? ''] ?? info.curve}`;
  }
}
