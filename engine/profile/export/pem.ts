/** PEM texts of a profile as octets, for formats that hold DER. */
import { parseBase64 } from '../psk.ts';
import type { TextList } from '../schema.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/g;

/** DER of every certificate in the texts; names of files, which nobody read yet, give none. */
export function certificatesOf(value: TextList | undefined): Uint8Array[] {
  const texts = typeof value === 'string' ? [value] : (value ?? []);
  return texts.flatMap((text) =>
    [...text.matchAll(CERTIFICATE)].flatMap(
      ([, body]) => parseBase64((body ?? '').replaceAll(/\s+/g, '')) ?? [],
    ),
  );
}

/** Items of a list that may be one text with commas. */
export const listOf = (value: TextList | undefined): readonly string[] =>
  typeof value === 'string'
    ? value
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '')
    : (value ?? []);
