/**
 * Opening PKCS#12 files (RFC 7292, RFC 9579) that are sealed with a password: AES under PBES2 as well as the 3DES
 * and RC2 of older writers. The MAC is checked before anything inside is looked at.
 */
import { createHmac, createPrivateKey } from 'node:crypto';
import { equalConstantTime, wipe } from '../base/bytes.ts';
import {
  children,
  content,
  damaged,
  implicitOctets,
  integer,
  type Node,
  octets,
  oid,
  parse,
  raw,
  text,
} from './asn1-nodes.ts';
import { Certificate } from './certificate.ts';
import { PkiError } from './error.ts';
import {
  type Budget,
  decryptPbe,
  HMACS,
  NO_PASSWORD,
  own,
  type Password,
  passwordOf,
  pbkdf2,
} from './pbe.ts';
import { PURPOSE, pkcs12Kdf } from './pkcs12-kdf.ts';
import { PrivateKey } from './private-key.ts';

export interface Named<T> {
  readonly value: T;
  /** The friendlyName (RFC 2985 §5.5.1). */
  readonly name: string | undefined;
}

export interface Pkcs12Content {
  readonly certificates: readonly Named<Certificate>[];
  readonly keys: readonly Named<PrivateKey>[];
  readonly warnings: readonly string[];
}

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const PBMAC1 = '1.2.840.113549.1.5.14';
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1';
const FRIENDLY_NAME = '1.2.840.113549.1.9.20';
const BAG = {
  key: '1.2.840.113549.1.12.10.1.1',
  shroudedKey: '1.2.840.113549.1.12.10.1.2',
  certificate: '1.2.840.113549.1.12.10.1.3',
  crl: '1.2.840.113549.1.12.10.1.4',
  secret: '1.2.840.113549.1.12.10.1.5',
  nested: '1.2.840.113549.1.12.10.1.6',
} as const;
const DIGESTS: Readonly<Record<string, { readonly name: string; readonly length: number }>> = {
  '1.3.14.3.2.26': { name: 'sha1', length: 20 },
  '2.16.840.1.101.3.4.2.4': { name: 'sha224', length: 28 },
  '2.16.840.1.101.3.4.2.1': { name: 'sha256', length: 32 },
  '2.16.840.1.101.3.4.2.2': { name: 'sha384', length: 48 },
  '2.16.840.1.101.3.4.2.3': { name: 'sha512', length: 64 },
};
const MAX_BAGS = 256;
const MAX_NESTING = 4;

/** Whether the element is a PFX: version 3, then a ContentInfo. */
export function isPkcs12(node: Node): boolean {
  try {
    const [version, safe] = children(node, 'a PFX');
    return integer(version, 'the version') === 3 && oid(children(safe, 'a safe')[0], 'a safe') !== '';
  } catch {
    return false;
  }
}

/**
 * Opens a file with its password; without one, or with an empty one, as files with an empty password open.
 * @throws PkiError `passphrase-needed`, `wrong-passphrase`, `unsupported-bundle`, `not-a-bundle`, `too-large`
 */
export function openPkcs12(file: Uint8Array, passphrase: string | undefined, budget: Budget): Pkcs12Content {
  const pfx = parse(file, 'the PKCS#12 file');
  if (!isPkcs12(pfx)) throw damaged('it is no PKCS#12 file');
  const none = passphrase === undefined || passphrase === '';
  // An empty password is two zero octets to some writers and none at all to others.
  for (const password of none ? [passwordOf(''), NO_PASSWORD] : [passwordOf(passphrase)]) {
    try {
      return new Opening(password, budget).open(pfx);
    } catch (cause) {
      if (!(cause instanceof PkiError) || cause.code !== 'wrong-passphrase') throw cause;
    } finally {
      wipe(password.utf8, password.bmp);
    }
  }
  throw none
    ? new PkiError('passphrase-needed', 'the file is sealed with a passphrase: give it')
    : new PkiError('wrong-passphrase', 'the passphrase does not open the file');
}

class Opening {
  readonly #password: Password;
  readonly #budget: Budget;
  readonly #certificates: Named<Certificate>[] = [];
  readonly #keys: Named<PrivateKey>[] = [];
  readonly #warnings: string[] = [];
  #bags = 0;

  constructor(password: Password, budget: Budget) {
    this.#password = password;
    this.#budget = budget;
  }

  open(pfx: Node): Pkcs12Content {
    const [, authSafe, mac] = children(pfx, 'the PKCS#12 file');
    const [type, wrapped] = children(authSafe, 'the safe');
    if (oid(type, 'the safe') !== DATA)
      throw new PkiError('unsupported-bundle', 'the file is sealed with a public key, not with a passphrase');
    const safe = octets(content(wrapped, 'the safe'), 'the safe');
    if (mac) this.#checkMac(children(mac, 'the MAC'), safe);
    else this.#warnings.push('The file has no MAC: nothing shows that it is as its author made it.');
    for (const info of children(parse(safe, 'the safe'), 'the safe')) this.#openSafe(info);
    return { certificates: this.#certificates, keys: this.#keys, warnings: this.#warnings };
  }

  /** RFC 7292 §5.1, RFC 9579 §5. */
  #checkMac([digestInfo, salt, rounds]: readonly Node[], safe: Uint8Array): void {
    const [algorithm, value] = children(digestInfo, 'the MAC');
    const expected = octets(value, 'the MAC');
    const [id, parameters] = children(algorithm, 'the algorithm of the MAC');
    const { key, hash } =
      oid(id, 'the algorithm of the MAC') === PBMAC1
        ? this.#pbmac1(parameters)
        : this.#classicMac(oid(id, 'the algorithm of the MAC'), salt, rounds);
    const actual = createHmac(hash, key).update(safe).digest();
    wipe(key);
    if (!equalConstantTime(actual, expected))
      throw new PkiError('wrong-passphrase', 'the passphrase does not fit the MAC');
  }

  #classicMac(
    id: string,
    salt: Node | undefined,
    count: Node | undefined,
  ): { key: Uint8Array; hash: string } {
    const digest = own(DIGESTS, id);
    if (!digest)
      throw new PkiError('unsupported-bundle', `the MAC of the file has an unsupported hash (${id})`);
    const saltOctets = octets(salt, 'the salt of the MAC');
    if (saltOctets.length > 1024) throw damaged('the salt of the MAC is too long');
    const rounds = count ? integer(count, 'the number of rounds') : 1;
    this.#budget.spend(rounds);
    const input = { password: this.#password.bmp, salt: saltOctets, rounds, hash: digest.name };
    return { key: pkcs12Kdf(input, PURPOSE.mac, digest.length), hash: digest.name };
  }

  #pbmac1(parameters: Node | undefined): { key: Uint8Array; hash: string } {
    const [derivation, scheme] = children(parameters, 'the parameters of PBMAC1');
    const id = oid(children(scheme, 'the MAC scheme')[0], 'the MAC scheme');
    const hash = own(HMACS, id);
    if (hash === undefined)
      throw new PkiError('unsupported-bundle', `the MAC of the file is of an unsupported kind (${id})`);
    return { key: pbkdf2(derivation, undefined, this.#password, this.#budget), hash };
  }

  #openSafe(info: Node): void {
    const [type, wrapped] = children(info, 'a part of the safe');
    const id = oid(type, 'a part of the safe');
    if (id === DATA) {
      const plain = octets(content(wrapped, 'a part of the safe'), 'a part of the safe');
      this.#readBags(parse(plain, 'a part of the safe'), 0);
    } else if (id === ENCRYPTED_DATA) {
      const [, encrypted] = children(content(wrapped, 'encrypted data'), 'encrypted data');
      const [, algorithm, data] = children(encrypted, 'encrypted data');
      const plain = decryptPbe(
        algorithm,
        implicitOctets(data, 'encrypted data'),
        this.#password,
        this.#budget,
      );
      try {
        this.#readBags(parse(plain, 'a part of the safe'), 0);
      } finally {
        wipe(plain);
      }
    } else this.#warnings.push('A part of the file is sealed with a public key and was left out.');
  }

  #readBags(contents: Node, nesting: number): void {
    for (const bag of children(contents, 'a bag')) {
      if (++this.#bags > MAX_BAGS) throw new PkiError('too-large', `there are more than ${MAX_BAGS} bags`);
      const [type, wrapped, attributes] = children(bag, 'a bag');
      const value = content(wrapped, 'the content of a bag');
      const name = attributes && friendlyName(attributes);
      switch (oid(type, 'a bag')) {
        case BAG.certificate:
          this.#certificate(value, name);
          break;
        case BAG.key:
          this.#key(raw(value), name);
          break;
        case BAG.shroudedKey: {
          const [algorithm, data] = children(value, 'an encrypted key');
          const sealed = octets(data, 'an encrypted key');
          const plain = decryptPbe(algorithm, sealed, this.#password, this.#budget);
          this.#key(plain, name);
          wipe(plain);
          break;
        }
        case BAG.nested:
          if (nesting >= MAX_NESTING) throw damaged('bags are nested too deep');
          this.#readBags(value, nesting + 1);
          break;
        case BAG.crl:
          this.#warnings.push('A revocation list in the file was left out.');
          break;
        default:
          this.#warnings.push('A part of the file that is neither certificate nor key was left out.');
      }
    }
  }

  #certificate(bag: Node, name: string | undefined): void {
    const [type, wrapped] = children(bag, 'a certificate');
    if (oid(type, 'a certificate') !== X509_CERTIFICATE) {
      this.#warnings.push('A certificate in the file is not of the X.509 kind and was left out.');
      return;
    }
    const der = octets(content(wrapped, 'a certificate'), 'a certificate');
    this.#keep(name, 'certificate', () => this.#certificates.push({ value: new Certificate(der), name }));
  }

  #key(pkcs8: Uint8Array, name: string | undefined): void {
    const key = Buffer.from(pkcs8.buffer, pkcs8.byteOffset, pkcs8.byteLength);
    this.#keep(name, 'private key', () => {
      let object: ReturnType<typeof createPrivateKey>;
      try {
        object = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
      } catch {
        throw new PkiError('not-a-key', 'not a private key in PKCS#8 form');
      }
      this.#keys.push({ value: new PrivateKey(object), name });
    });
  }

  /** One bad part does not hide the others. */
  #keep(name: string | undefined, kind: string, take: () => void): void {
    try {
      take();
    } catch (cause) {
      if (!(cause instanceof PkiError)) throw cause;
      this.#warnings.push(
        `A ${kind}${name === undefined ? '' : ` ("${name}")`} in the file was left out: ${cause.message}.`,
      );
    }
  }
}

function friendlyName(attributes: Node): string | undefined {
  for (const attribute of children(attributes, 'attributes')) {
    const [id, values] = children(attribute, 'an attribute');
    if (oid(id, 'an attribute') === FRIENDLY_NAME) return text(children(values, 'an attribute')[0]);
  }
  return undefined;
}
