/** CRLs, and OCSP responses, made with OpenSSL for certificates of the fixtures, so that nothing of ours makes what it checks. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Certificate } from '../../../../engine/pki/certificate.ts';
import type { Issued } from '../fixtures.ts';

export interface Revoked {
  readonly certificate: Pick<Certificate, 'serial'>;
  readonly reason?: string;
  /** Shown as OpenSSL's `YYMMDDHHMMSSZ`. */
  readonly at?: string;
}

function inFolder<T>(work: (path: (name: string) => string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'culvert-ca-'));
  try {
    return work((name) => join(folder, name));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const openssl = (...args: readonly string[]): void => {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
};

const index = (revoked: readonly Revoked[], valid: readonly Certificate[] = []): string =>
  [
    ...revoked.map(
      ({ certificate, reason, at = '260501000000Z' }) =>
        `R\t270101000000Z\t${at}${reason === undefined ? '' : `,${reason}`}\t${serial(certificate)}\tunknown\t/CN=x\n`,
    ),
    ...valid.map((one) => `V\t270101000000Z\t\t${serial(one)}\tunknown\t/CN=x\n`),
  ].join('');

const serial = (certificate: Pick<Certificate, 'serial'>): string => certificate.serial.toUpperCase();

export interface CrlWishes {
  readonly revoked?: readonly Revoked[];
  readonly from?: string;
  readonly to?: string;
  readonly hash?: string;
  /** Lines of OpenSSL's extension section. */
  readonly extensions?: readonly string[];
}

/** DER of a list by `ca`. Dates as `YYYYMMDDHHMMSSZ`. */
export function makeCrl(ca: Issued, wishes: CrlWishes = {}): Uint8Array {
  return inFolder((path) => {
    writeFileSync(path('ca.pem'), ca.pem);
    writeFileSync(path('ca.key'), ca.keyPem);
    writeFileSync(path('index'), index(wishes.revoked ?? []));
    const lines = wishes.extensions ?? ['authorityKeyIdentifier=keyid:always'];
    writeFileSync(
      path('cnf'),
      [
        `[ca]\ndefault_ca=it\n[it]\ndatabase=${path('index')}\ncertificate=${path('ca.pem')}`,
        `private_key=${path('ca.key')}\ndefault_md=${wishes.hash ?? 'sha256'}\n[wanted]`,
        ...lines,
        '',
      ].join('\n'),
    );
    openssl(
      ...['ca', '-config', path('cnf'), '-gencrl', '-out', path('crl'), '-crlexts', 'wanted'],
      ...[
        '-crl_lastupdate',
        wishes.from ?? '20260520000000Z',
        '-crl_nextupdate',
        wishes.to ?? '20260620000000Z',
      ],
    );
    openssl('crl', '-in', path('crl'), '-outform', 'DER', '-out', path('der'));
    return new Uint8Array(readFileSync(path('der')));
  });
}

export interface OcspWishes {
  /** DER of the request. */
  readonly request: Uint8Array;
  readonly ca: Issued;
  /** Who signs; the CA itself when left out. */
  readonly signer?: Issued;
  readonly revoked?: readonly Revoked[];
  readonly valid?: readonly Certificate[];
  /** Further arguments of `openssl ocsp`. */
  readonly more?: readonly string[];
}

/** DER of a response that is dated now: `openssl ocsp` takes no other date. */
export function answerOcsp({
  request,
  ca,
  signer = ca,
  revoked = [],
  valid = [],
  more = [],
}: OcspWishes): Uint8Array {
  return inFolder((path) => {
    writeFileSync(path('ca.pem'), ca.pem);
    writeFileSync(path('signer.pem'), signer.pem);
    writeFileSync(path('signer.key'), signer.keyPem);
    writeFileSync(path('index'), index(revoked, valid));
    writeFileSync(path('request'), request);
    openssl(
      ...['ocsp', '-index', path('index'), '-CA', path('ca.pem'), '-rsigner', path('signer.pem')],
      ...['-rkey', path('signer.key'), '-reqin', path('request'), '-respout', path('response'), ...more],
    );
    return new Uint8Array(readFileSync(path('response')));
  });
}
