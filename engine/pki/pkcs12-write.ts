/**
 * Writing PKCS#12 files (RFC 7292) for profiles that are handed on: `modern` is AES-256 under PBES2 with a SHA-256
 * MAC; `legacy` is 3DES with a SHA-1 MAC, which is all that Apple systems and old Windows open.
 */
import { createCipheriv, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import * as asn1js from 'asn1js';
import { concat, wipe } from '../base/bytes.ts';
import type { Certificate } from './certificate.ts';
import { PkiError } from './error.ts';
import { type Password, passwordOf } from './pbe.ts';
import { PURPOSE, pkcs12Kdf } from './pkcs12-kdf.ts';
import type { PrivateKey } from './private-key.ts';

export interface Pkcs12Input {
  readonly certificate: Certificate;
  readonly key: PrivateKey;
  /** Intermediates and, where the reader is to trust it, the root. */
  readonly chain: readonly Certificate[];
  /** The friendlyName. */
  readonly name: string;
}

export type Pkcs12Strength = 'modern' | 'legacy';

const ROUNDS = 100_000;
const LEGACY_ROUNDS = 20_000;

const OID = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
  pbeSha1TripleDes: '1.2.840.113549.1.12.1.3',
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  certBag: '1.2.840.113549.1.12.10.1.3',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
} as const;

type Node = asn1js.AsnType;

const seq = (...value: Node[]): asn1js.Sequence => new asn1js.Sequence({ value });
const set = (...value: Node[]): asn1js.Set => new asn1js.Set({ value });
const oid = (value: string): asn1js.ObjectIdentifier => new asn1js.ObjectIdentifier({ value });
const int = (value: number): asn1js.Integer => new asn1js.Integer({ value });
const octets = (valueHex: Uint8Array): asn1js.OctetString => new asn1js.OctetString({ valueHex });
const explicit = (inner: Node): asn1js.Constructed =>
  new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value: [inner] });
const der = (node: Node): Uint8Array => new Uint8Array(node.toBER());

interface Sealed {
  readonly algorithm: Node;
  readonly data: Uint8Array;
}

function seal(plain: Uint8Array, password: Password, strength: Pkcs12Strength): Sealed {
  const salt = randomBytes(16);
  const [name, key, iv, algorithm] = ((): [string, Uint8Array, Uint8Array, Node] => {
    if (strength === 'legacy') {
      const input = { password: password.bmp, salt, rounds: LEGACY_ROUNDS, hash: 'sha1' };
      const parameters = seq(octets(salt), int(LEGACY_ROUNDS));
      return [
        'des-ede3-cbc',
        pkcs12Kdf(input, PURPOSE.key, 24),
        pkcs12Kdf(input, PURPOSE.iv, 8),
        seq(oid(OID.pbeSha1TripleDes), parameters),
      ];
    }
    const vector = randomBytes(16);
    const derivation = seq(octets(salt), int(ROUNDS), seq(oid(OID.hmacSha256), new asn1js.Null()));
    const parameters = seq(seq(oid(OID.pbkdf2), derivation), seq(oid(OID.aes256Cbc), octets(vector)));
    const derived = pbkdf2Sync(password.utf8, salt, ROUNDS, 32, 'sha256');
    return ['aes-256-cbc', derived, vector, seq(oid(OID.pbes2), parameters)];
  })();
  const cipher = createCipheriv(name, key, iv);
  const data = concat(cipher.update(plain), cipher.final());
  wipe(key);
  return { algorithm, data };
}

function certBag(certificate: Certificate, attributes: Node | undefined): Node {
  const bag = seq(oid(OID.x509Certificate), explicit(octets(certificate.der)));
  return seq(oid(OID.certBag), explicit(bag), ...(attributes ? [attributes] : []));
}

const dataInfo = (content: Node): Node => seq(oid(OID.data), explicit(octets(der(content))));

function encryptedInfo(content: Node, password: Password, strength: Pkcs12Strength): Node {
  const { algorithm, data } = seal(der(content), password, strength);
  const sealed = new asn1js.Primitive({ idBlock: { tagClass: 3, tagNumber: 0 }, valueHex: data });
  return seq(oid(OID.encryptedData), explicit(seq(int(0), seq(oid(OID.data), algorithm, sealed))));
}

/**
 * @throws PkiError `passphrase-needed` for an empty passphrase, `wrong-passphrase` for one that is too long,
 *   `not-a-key` when the key does not belong to the certificate
 */
export function sealPkcs12(input: Pkcs12Input, passphrase: string, strength: Pkcs12Strength): Uint8Array {
  if (passphrase === '') throw new PkiError('passphrase-needed', 'the file needs a passphrase');
  if (!input.key.belongsTo(input.certificate))
    throw new PkiError('not-a-key', 'the key does not belong to the certificate');
  const password = passwordOf(passphrase);
  const id = octets(Uint8Array.from(Buffer.from(input.certificate.fingerprint, 'hex').subarray(0, 20)));
  const attributes = set(
    seq(oid(OID.friendlyName), set(new asn1js.BmpString({ value: input.name }))),
    seq(oid(OID.localKeyId), set(id)),
  );
  const pkcs8 = input.key.expose().export({ type: 'pkcs8', format: 'der' });
  const sealedKey = seal(pkcs8, password, strength);
  wipe(pkcs8);
  const shrouded = seq(sealedKey.algorithm, octets(sealedKey.data));
  const keys = seq(seq(oid(OID.shroudedKeyBag), explicit(shrouded), attributes));
  const certificates = seq(
    certBag(input.certificate, attributes),
    ...input.chain.map((one) => certBag(one, undefined)),
  );
  const safe = der(seq(encryptedInfo(certificates, password, strength), dataInfo(keys)));
  const salt = randomBytes(16);
  const [hash, length, digest, rounds] =
    strength === 'legacy'
      ? (['sha1', 20, OID.sha1, LEGACY_ROUNDS] as const)
      : (['sha256', 32, OID.sha256, ROUNDS] as const);
  const macKey = pkcs12Kdf({ password: password.bmp, salt, rounds, hash }, PURPOSE.mac, length);
  const mac = createHmac(hash, macKey).update(safe).digest();
  wipe(macKey, password.utf8, password.bmp);
  const digestInfo = seq(seq(oid(digest), new asn1js.Null()), octets(mac));
  return der(
    seq(int(3), seq(oid(OID.data), explicit(octets(safe))), seq(digestInfo, octets(salt), int(rounds))),
  );
}
