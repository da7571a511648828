/**
 * Certificates for the laboratory, made with OpenSSL so that nothing of the engine helps to make what it checks.
 * Keys and certificates are made when asked for, since most scenarios need few.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './command.ts';

export type KeyKind = 'rsa2048' | 'rsa3072' | 'rsa4096' | 'p256' | 'p384' | 'p521' | 'ed25519';

const KEY_ARGUMENTS: Record<KeyKind, readonly string[]> = {
  rsa2048: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  rsa3072: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:3072'],
  rsa4096: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:4096'],
  p256: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  p384: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  p521: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521'],
  ed25519: ['-algorithm', 'ED25519'],
};

const DAY = 86_400_000;

export interface LeafOptions {
  readonly key?: KeyKind;
  /** Common name; by default the first DNS name. */
  readonly commonName?: string;
  /** subjectAltName entries as OpenSSL writes them (`DNS:gw.lab.example`); an empty list makes none. */
  readonly names: readonly string[];
  /** Days from now; negative is the past. */
  readonly validFrom?: number;
  readonly validUntil?: number;
  /** extendedKeyUsage; an empty text leaves the extension out. */
  readonly usage?: string;
  /** Bytes of filler in the certificate, for chains that need many fragments. */
  readonly padding?: number;
  /** Further extensions as OpenSSL writes them. */
  readonly extensions?: readonly string[];
}

export interface Credential {
  /** PEM text of the certificate. */
  readonly certificate: string;
  /** PEM text of the private key, PKCS#8. */
  readonly key: string;
  /** PEM texts of the issuers below the root, nearest first. */
  readonly issuers: readonly string[];
}

let serial = 1000;

export class Authority implements Credential {
  readonly folder: string;
  readonly certificate: string;
  readonly key: string;
  readonly issuers: readonly string[];

  private constructor(folder: string, issuers: readonly string[]) {
    this.folder = folder;
    this.certificate = readFileSync(join(folder, 'ca.pem'), 'utf8');
    this.key = readFileSync(join(folder, 'ca.key'), 'utf8');
    this.issuers = issuers;
  }

  /** A self-signed root. */
  static async root(parent: string, name: string, key: KeyKind = 'p256'): Promise<Authority> {
    const folder = await newAuthority(parent, name, key);
    await must('openssl', [
      ...[
        'req',
        '-x509',
        '-new',
        '-key',
        join(folder, 'ca.key'),
        '-out',
        join(folder, 'ca.pem'),
        '-days',
        '90',
      ],
      ...['-subj', `/O=Culvert laboratory/CN=${name}`, '-config', '/dev/null'],
      ...['-addext', 'basicConstraints=critical,CA:true', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
      ...['-addext', 'subjectKeyIdentifier=hash'],
    ]);
    return new Authority(folder, []);
  }

  /** A CA below this one. */
  async sub(
    name: string,
    key: KeyKind = 'p256',
    padding = 0,
    more: readonly string[] = [],
  ): Promise<Authority> {
    const folder = await newAuthority(this.folder, name, key);
    await this.#sign(join(folder, 'ca'), {
      subject: `/O=Culvert laboratory/CN=${name}`,
      extensions: [
        'basicConstraints=critical,CA:true',
        'keyUsage=critical,keyCertSign,cRLSign',
        'subjectKeyIdentifier=hash',
        'authorityKeyIdentifier=keyid',
        ...filler(padding),
        ...more,
      ],
      from: -1,
      until: 90,
    });
    return new Authority(folder, [readFileSync(join(folder, 'ca.pem'), 'utf8'), ...this.issuers]);
  }

  /** A certificate for a gateway or a user. */
  async leaf(options: LeafOptions): Promise<Credential> {
    const { key = 'p256', names, validFrom = -1, validUntil = 90, usage = 'serverAuth,clientAuth' } = options;
    const commonName = options.commonName ?? names[0]?.replace(/^[^:]*:/, '') ?? 'no name';
    const path = join(this.folder, `leaf-${serial}`);
    await generateKey(`${path}.key`, key);
    await this.#sign(path, {
      subject: `/O=Culvert laboratory/CN=${commonName}`,
      extensions: [
        'basicConstraints=critical,CA:false',
        'keyUsage=critical,digitalSignature',
        'subjectKeyIdentifier=hash',
        'authorityKeyIdentifier=keyid',
        ...(usage === '' ? [] : [`extendedKeyUsage=${usage}`]),
        ...(names.length === 0 ? [] : [`subjectAltName=${names.join(',')}`]),
        ...filler(options.padding ?? 0),
        ...(options.extensions ?? []),
      ],
      from: validFrom,
      until: validUntil,
    });
    return {
      certificate: readFileSync(`${path}.pem`, 'utf8'),
      key: readFileSync(`${path}.key`, 'utf8'),
      issuers: this.issuers,
    };
  }

  /** Certifies `PATH.key` into `PATH.pem`. `openssl ca` is the only command that takes both dates. */
  async #sign(
    path: string,
    what: {
      readonly subject: string;
      readonly extensions: readonly string[];
      readonly from: number;
      readonly until: number;
    },
  ): Promise<void> {
    const config = `${path}.cnf`;
    const database = `${path}.index`;
    writeFileSync(database, '');
    writeFileSync(`${path}.serial`, `${(serial++).toString(16).padStart(8, '0')}\n`);
    writeFileSync(config, configuration(path, this.folder, what.extensions));
    await must('openssl', [
      ...['req', '-new', '-key', `${path}.key`, '-out', `${path}.csr`, '-subj', what.subject],
      ...['-config', '/dev/null'],
    ]);
    await must('openssl', [
      ...['ca', '-batch', '-notext', '-config', config, '-in', `${path}.csr`, '-out', `${path}.pem`],
      ...['-startdate', date(what.from), '-enddate', date(what.until), '-extensions', 'wanted'],
    ]);
  }
}

function configuration(path: string, folder: string, extensions: readonly string[]): string {
  return [
    '[ca]',
    'default_ca = this',
    '[this]',
    `database = ${path}.index`,
    `serial = ${path}.serial`,
    `new_certs_dir = ${folder}`,
    `certificate = ${join(folder, 'ca.pem')}`,
    `private_key = ${join(folder, 'ca.key')}`,
    'default_md = default',
    'policy = any',
    'unique_subject = no',
    '[any]',
    'organizationName = optional',
    'commonName = optional',
    '[wanted]',
    ...extensions,
    '',
  ].join('\n');
}

async function newAuthority(parent: string, name: string, key: KeyKind): Promise<string> {
  const folder = join(parent, `ca-${serial++}-${name.replace(/\W+/g, '-')}`);
  mkdirSync(folder, { recursive: true });
  await generateKey(join(folder, 'ca.key'), key);
  return folder;
}

async function generateKey(path: string, kind: KeyKind): Promise<void> {
  await must('openssl', ['genpkey', ...KEY_ARGUMENTS[kind], '-out', path]);
}

/** A private extension without meaning that makes the certificate as large as wanted. */
function filler(bytes: number): string[] {
  return bytes === 0 ? [] : [`1.3.6.1.4.1.32473.1=DER:0482${hex(bytes, 2)}${'5a'.repeat(bytes)}`];
}

function hex(value: number, bytes: number): string {
  return value.toString(16).padStart(bytes * 2, '0');
}

/** UTC as `YYYYMMDDHHMMSSZ`. */
function date(days: number): string {
  return new Date(Date.now() + days * DAY).toISOString().replace(/[-:T]|\.\d+/g, '');
}
