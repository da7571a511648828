/** Files of foreign profiles as text: their encoding by their mark, their size limited. */
import { err, ok, type Result } from '../../base/result.ts';

/** Octets of a profile file; real ones have a few thousand, with a PKCS#12 inside some ten thousand. */
export const MAX_PROFILE_OCTETS: number = 2 * 1024 * 1024;

/** UTF-16 with its mark, else UTF-8; other octets become U+FFFD. */
export function decodeText(octets: Uint8Array): Result<string, string> {
  if (octets.length > MAX_PROFILE_OCTETS) return err(`has more than ${MAX_PROFILE_OCTETS} octets`);
  const [a, b] = octets;
  const label = a === 0xff && b === 0xfe ? 'utf-16le' : a === 0xfe && b === 0xff ? 'utf-16be' : 'utf-8';
  const text = new TextDecoder(label).decode(octets).replace(/^\ufeff/, '');
  return text.includes('\u0000') ? err('is neither text nor a signed profile') : ok(text);
}

/** A section of an INI-like file: its lines `key=value` in order, keys possibly repeated. */
export interface KeySection {
  readonly name: string;
  readonly entries: readonly (readonly [key: string, value: string])[];
}

const MAX_LINES = 50_000;

/**
 * INI files as GLib and Windows write them: a comment is a whole line, a value may hold `;` and `#`. Libraries for
 * INI cut values there and make numbers and lists of them, so the few lines stand here.
 */
export function readSections(text: string): KeySection[] {
  const sections: { name: string; entries: [string, string][] }[] = [];
  for (const line of text.split(/\r\n|\n|\r/, MAX_LINES)) {
    const header = /^\[([^\]]*)\]\s*$/.exec(line);
    if (header) sections.push({ name: header[1] ?? '', entries: [] });
    else if (!/^\s*[#;]/.test(line)) {
      const at = line.indexOf('=');
      if (at > 0) sections.at(-1)?.entries.push([line.slice(0, at).trim(), line.slice(at + 1).trim()]);
    }
  }
  return sections;
}

/** The first value of each key. */
export function firstValues(entries: KeySection['entries']): Map<string, string> {
  const values = new Map<string, string>();
  for (const [key, value] of entries) if (!values.has(key)) values.set(key, value);
  return values;
}
