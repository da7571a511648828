/**
 * The hot path: packet protection by OpenSSL's EVP functions with one kept context a key and nothing allocated per
 * packet. Everything that is not per packet is node:crypto's.
 */
import { checkKeys } from '../../crypto/checks.ts';
import { type CipherSuite, CryptoError, type CryptoProvider } from '../../crypto/port.ts';
import { cipherSizes, INTEG_ROWS, suiteName } from '../../crypto/suites.ts';
import { type Address, loadOpenSsl, type OpenSsl } from '../ffi/openssl.ts';
import { nodeProvider } from './node.ts';
import { nodeCipherName, nodeDigestName } from './node-names.ts';
import { opensslAead } from './openssl-aead.ts';
import { opensslEncryptThenMac } from './openssl-cbc.ts';

function cipherAddress(ssl: OpenSsl, suite: CipherSuite): Address {
  const name = nodeCipherName(suite.encr, suite.keyBits);
  return name === undefined ? 0 : ssl.fetchCipher(name);
}

function supports(ssl: OpenSsl, suite: CipherSuite): boolean {
  if (!cipherSizes(suite) || cipherAddress(ssl, suite) === 0) return false;
  return (
    suite.integ === 0 ||
    (nodeDigestName(INTEG_ROWS.get(suite.integ)?.hash ?? 0) !== undefined && ssl.fetchMac('HMAC') !== 0)
  );
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
      const digest = nodeDigestName(INTEG_ROWS.get(suite.integ)?.hash ?? 0) ?? '';
      return opensslEncryptThenMac(ssl, cipher, digest, sizes, encrKey, integKey);
    },
  };
}
