/** What a file of certificates and keys is, told by its content and never by its name. */
import { type Node, parse } from './asn1-nodes.ts';
import { PkiError } from './error.ts';
import { MAX_INPUT_OCTETS } from './load.ts';
import { isPkcs12 } from './pkcs12.ts';
import { isSignedData } from './signed-data.ts';

export type BundleFormat = 'pkcs12' | 'pkcs7' | 'pem' | 'der';

export interface Detected {
  readonly format: BundleFormat;
  /** The octets to read, with any bare Base64 undone. */
  readonly octets: Uint8Array;
}

const PEM_MARK = '-----BEGIN ';
const SEQUENCE = 0x30;

/** Text of the octets as far as PEM goes; UTF-16 only with its mark, as Windows writes it. */
export function pemText(octets: Uint8Array): string {
  const wide =
    octets[0] === 0xff && octets[1] === 0xfe
      ? 'utf-16le'
      : octets[0] === 0xfe && octets[1] === 0xff
        ? 'utf-16be'
        : undefined;
  return new TextDecoder(wide ?? 'latin1').decode(octets);
}

function binaryFormat(octets: Uint8Array): BundleFormat {
  let node: Node;
  try {
    node = parse(octets, 'the file');
  } catch {
    return 'der'; // the readers of certificates and keys know best what is wrong with it
  }
  if (isPkcs12(node)) return 'pkcs12';
  return isSignedData(node) ? 'pkcs7' : 'der';
}

/** @throws PkiError `too-large`, `empty` */
export function detect(octets: Uint8Array): Detected {
  if (octets.length > MAX_INPUT_OCTETS)
    throw new PkiError('too-large', `the input has more than ${MAX_INPUT_OCTETS} octets`);
  if (octets[0] === SEQUENCE) return { format: binaryFormat(octets), octets };
  const text = pemText(octets);
  if (text.includes(PEM_MARK)) return { format: 'pem', octets };
  const bare = text.replace(/^\ufeff|\s+/g, '');
  // Base64 without its armour, as some portals hand it out; a SEQUENCE always begins with M.
  if (/^M[A-Za-z0-9+/]{15,}={0,2}$/.test(bare) && bare.length % 4 === 0) {
    const inner = new Uint8Array(Buffer.from(bare, 'base64'));
    if (inner[0] === SEQUENCE) return { format: binaryFormat(inner), octets: inner };
  }
  throw new PkiError('empty', 'there is no certificate and no key in PEM, DER, PKCS#12 or PKCS#7 form here');
}
