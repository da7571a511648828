/**
 * Classic Diffie-Hellman through key objects. `createDiffieHellman` of newer Nodes (seen in 24) tests the primality of a
 * group that everybody knows, for seconds on the main thread; a key that is imported does not pay that.
 */
import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import { concat, fromHex } from '../../base/bytes.ts';

/** pkcs-3 dhKeyAgreement, as a whole OBJECT IDENTIFIER. */
const DH_KEY_AGREEMENT = fromHex('06092a864886f70d010301');
const TAG = { INTEGER: 0x02, BIT_STRING: 0x03, OCTET_STRING: 0x04, SEQUENCE: 0x30 } as const;

function element(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = concat(...parts);
  const { length } = content;
  const octets =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return concat(Uint8Array.of(tag, ...octets), content);
}

function integer(value: Uint8Array): Uint8Array {
  let at = 0;
  while (at < value.length - 1 && value[at] === 0) at++;
  const digits = value.subarray(at);
  return element(TAG.INTEGER, Uint8Array.of(...((digits[0] ?? 0) >= 0x80 ? [0] : [])), digits);
}

export interface ModpKey {
  /** generator^private mod prime, without leading zeros or with. */
  readonly publicValue: Uint8Array;
  agree(peerPublic: Uint8Array): Uint8Array;
}

/** All big-endian; `privateKey` at least 2. The peer's value must have been checked. */
export function modpKey(prime: Uint8Array, generator: Uint8Array, privateKey: Uint8Array): ModpKey {
  const algorithm = element(
    TAG.SEQUENCE,
    DH_KEY_AGREEMENT,
    element(TAG.SEQUENCE, integer(prime), integer(generator)),
  );
  const pkcs8 = element(
    TAG.SEQUENCE,
    integer(Uint8Array.of(0)),
    algorithm,
    element(TAG.OCTET_STRING, integer(privateKey)),
  );
  const own: KeyObject = createPrivateKey({ key: Buffer.from(pkcs8.buffer), format: 'der', type: 'pkcs8' });
  pkcs8.fill(0);
  const agree = (peerPublic: Uint8Array): Uint8Array => {
    const spki = element(
      TAG.SEQUENCE,
      algorithm,
      element(TAG.BIT_STRING, Uint8Array.of(0), integer(peerPublic)),
    );
    const peer = createPublicKey({ key: Buffer.from(spki.buffer), format: 'der', type: 'spki' });
    return new Uint8Array(diffieHellman({ privateKey: own, publicKey: peer }));
  };
  // Our public value is what we share with a peer whose private key is one.
  return { publicValue: agree(generator), agree };
}
