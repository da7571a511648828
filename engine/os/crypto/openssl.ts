/**
 * The hot path: packet protection by OpenSSL's EVP functions with one kept context a key and nothing allocated per
 * packet. Everything that is not per packet is node:crypto's.
 */

import { ENCR_ROWS, INTEG_ROWS } from '../../crypto/algorithms.ts';
import { checkKeys } from '../../crypto/checks.ts';
import { type CipherSuite, CryptoError, type CryptoProvider } from '../../crypto/port.ts';
import { cipherSizes, suiteName } from '../../crypto/suites.ts';
import { type Address, loadOpenSsl, type OpenSsl } from '../ffi/openssl.ts';
import { nodeProvider } from './node.ts';
import { hmacDigestName, nodeCipherName } from './node-names.ts';
import { opensslAead } from './openssl-aead.ts';
import { opensslEncryptThenMac } from './openssl-cbc.ts';

function cipherAddress(ssl: OpenSsl, suite: CipherSuite): Address {
  const name = nodeCipherName(suite.encr, suite.keyBits);
  return name === undefined ? 0 : ssl.fetchCipher(name);
}

function digestOf(integ: number): string | undefined {
  const mac = INTEG_ROWS.get(integ)?.mac;
  return mac && hmacDigestName(mac);
}

function supports(ssl: OpenSsl, suite: CipherSuite): boolean {
  const mode = ENCR_ROWS.get(suite.encr)?.mode;
  if (mode !== 'gcm' && mode !== 'poly1305' && mode !== 'cbc') return false;
  if (!cipherSizes(suite) || cipherAddress(ssl, suite) === 0) return false;
  return suite.integ === 0 || (digestOf(suite.integ) !== undefined && ssl.fetchMac('HMAC') !== 0);
}

/**
 * The provider over a library's exports; `null` is the running executable (on Windows its path must be given).
 * `undefined` when they are missing. Contexts belong to the thread that made them.
 */
export function openSslProvider(libraryPath: string | null): CryptoProvider | undefined {
  const ssl = loadOpenSsl(libraryPath);
  if (!ssl) return undefined;
  return {
    ...nodeProvider,
    name: 'openssl',
    supportsCipher: (suite) => supports(ssl, suite),
    cipher(suite, encrKey, integKey) {
      const sizes = checkKeys(suite, encrKey, integKey);
      if (!supports(ssl, suite)) throw new CryptoError('unsupported', `cipher suite ${suiteName(suite)}`);
      const cipher = cipherAddress(ssl, suite);
      if (suite.integ === 0) return opensslAead(ssl, cipher, suite, sizes, encrKey);
      const digest = digestOf(suite.integ) ?? '';
      return opensslEncryptThenMac(ssl, cipher, digest, sizes, encrKey, integKey);
    },
  };
}
