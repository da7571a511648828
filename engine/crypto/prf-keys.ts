/** PRFs of a fixed key length and the keys that they are given (RFC 4434 §2, RFC 4615 §3). */
import type { MacName } from './algorithms.ts';
import type { Mac } from './packets.ts';

const KEY = 16;

/**
 * A PRF out of the MAC of that name. HMAC takes any key; AES-XCBC pads a short key with zeros and hashes a long one,
 * AES-CMAC hashes both.
 */
export function prfOf(name: MacName, mac: Mac): Mac {
  if (name !== 'aes-xcbc' && name !== 'aes-cmac') return mac;
  return (key, ...data) => {
    if (key.length === KEY) return mac(key, ...data);
    const zero = new Uint8Array(KEY);
    if (name === 'aes-cmac' || key.length > KEY) return mac(mac(zero, key), ...data);
    zero.set(key);
    return mac(zero, ...data);
  };
}
