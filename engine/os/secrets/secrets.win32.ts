/**
 * Who keeps the key on Windows: the Data Protection API in machine scope, since the service and whoever repairs it
 * may run as different accounts. The folder's permissions keep ordinary users from the sealed key.
 */
import { utf8 } from '../../base/bytes.ts';
import type { DataProtection } from '../ffi/crypt32.win32.ts';
import { type KeyKeeper, SecretsError } from './port.ts';

/** wincrypt.h: CRYPTPROTECT_UI_FORBIDDEN | CRYPTPROTECT_LOCAL_MACHINE. */
export const FLAGS: number = 0x1 | 0x4;

/** Not a secret: keeps another program's call from opening it by accident. */
const ENTROPY = utf8('culvert-secrets-key');

/** @param api `undefined` where the functions could not be found */
export function dataProtectionKeeper(api: DataProtection | undefined): KeyKeeper {
  const call = (name: 'protect' | 'unprotect', data: Uint8Array): Uint8Array => {
    if (!api) throw new SecretsError('unavailable', 'the Data Protection API is not to be had');
    const result = api[name](data, ENTROPY, FLAGS);
    if (typeof result === 'number')
      throw new SecretsError('unavailable', `the Data Protection API failed with error ${result}`);
    return result;
  };
  return {
    kind: 'dpapi',
    protection: 'secrets are encrypted with a key that Windows seals to this machine',
    seal: async (key) => call('protect', key),
    unseal: async (sealed) => call('unprotect', sealed),
  };
}
