/** Property lists in their XML form (Apple, `PropertyList-1.0.dtd`) as plain values. */
import { err, ok, type Result } from '../../base/result.ts';
import { parseBase64 } from '../psk.ts';
import type { XmlElement } from './xml.ts';

export type Plist = string | number | boolean | Uint8Array | PlistDict | readonly Plist[];
export type PlistDict = ReadonlyMap<string, Plist>;

class PlistFault extends Error {}

function value(element: XmlElement): Plist {
  switch (element.name) {
    case 'dict': {
      const entries = new Map<string, Plist>();
      const { children } = element;
      for (let i = 0; i < children.length; i += 2) {
        const [key, inner] = [children[i], children[i + 1]];
        if (key?.name !== 'key' || !inner) throw new PlistFault('a dict has no value for a key');
        entries.set(key.text, value(inner));
      }
      return entries;
    }
    case 'array':
      return element.children.map(value);
    case 'string':
    case 'date':
      return element.text;
    case 'integer':
    case 'real':
      return Number(element.text.trim());
    case 'true':
      return true;
    case 'false':
      return false;
    case 'data': {
      const octets = parseBase64(element.text.replaceAll(/\s+/g, ''));
      if (!octets) throw new PlistFault('a data element is not Base64');
      return octets;
    }
    default:
      throw new PlistFault(`"${element.name.slice(0, 40)}" is no element of a property list`);
  }
}

/** The dict at the top of a `plist` element. */
export function readPlist(root: XmlElement): Result<PlistDict, string> {
  try {
    const top = root.name === 'plist' && root.children[0] ? value(root.children[0]) : undefined;
    return top instanceof Map ? ok(top) : err('is no property list with a dict');
  } catch (cause) {
    if (cause instanceof PlistFault) return err(cause.message);
    throw cause;
  }
}
