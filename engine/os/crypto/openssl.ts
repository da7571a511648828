/**
 * The hot path: packet protection by OpenSSL's EVP functions with one kept context a key and nothing allocated per
 * packet. What OpenSSL lacks (CCM over Camellia, Serpent, Twofish), and everything that is not per packet, is
 * node:crypto's.
 */
import { ENCR_ROWS, type EncrRow, INTEG_ROWS } from '../../crypto/algorithms.ts';
import { checkKeys } from '../../crypto/checks.ts';
import { type CipherSuite, CryptoError, type CryptoProvider, type PacketCipher } from '../../crypto/port.ts';
import { cipherSizes, suiteName } from '../../crypto/suites.ts';
import { type Address, loadOpenSsl, type OpenSsl } from '../ffi/openssl.ts';
import { nodeProvider } from './node.ts';
import { nodeCipherName } from './node-names.ts';
import { opensslAead } from './openssl-aead.ts';
import { chaCha20Works, opensslChaCha20 } from './openssl-chacha20.ts';
import { opensslEncryptThenMac } from './openssl-etm.ts';
import { opensslHasMac, opensslMac } from './openssl-mac.ts';

function cipherAddress(ssl: OpenSsl, suite: CipherSuite): Address {
  const name = nodeCipherName(suite.encr, suite.keyBits);
  return name === undefined ? 0 : ssl.fetchCipher(name);
}

/** Whether the suite runs on kept contexts. */
function runsHere(ssl: OpenSsl, suite: CipherSuite): boolean {
  const row = ENCR_ROWS.get(suite.encr);
  if (!row || !cipherSizes(suite)) return false;
  if (row.mode !== 'none' && cipherAddress(ssl, suite) === 0) return false;
  const mac = INTEG_ROWS.get(suite.integ)?.mac;
  return suite.integ === 0 || (mac !== undefined && opensslHasMac(ssl, mac));
}

function cipher(
  ssl: OpenSsl,
  means: OpenSslMeans,
  suite: CipherSuite,
  encrKey: Uint8Array,
  integKey: Uint8Array,
): PacketCipher {
  const sizes = checkKeys(suite, encrKey, integKey);
  if (!runsHere(ssl, suite)) return nodeProvider.cipher(suite, encrKey, integKey);
  const row = ENCR_ROWS.get(suite.encr) as EncrRow;
  if (row.mode === 'poly1305' && means === 'primitives' && chaCha20Works(ssl, sizes))
    return opensslChaCha20(ssl.chaCha20, sizes, encrKey);
  const address = row.mode === 'none' ? 0 : cipherAddress(ssl, suite);
  if (suite.integ === 0) return opensslAead(ssl, address, row, suite, sizes, encrKey);
  const name = INTEG_ROWS.get(suite.integ)?.mac;
  const mac = name && opensslMac(ssl, name, integKey);
  if (!mac) throw new CryptoError('unsupported', `cipher suite ${suiteName(suite)}`);
  return opensslEncryptThenMac(ssl, address, suite, sizes, encrKey, mac);
}

/** `documented`: EVP alone; `primitives`: what lies below it too, where it is exported and proves itself. */
export type OpenSslMeans = 'documented' | 'primitives';

/**
 * The provider over a library's exports; `null` is the running executable (on Windows its path must be given).
 * `undefined` when they are missing. Contexts belong to the thread that made them.
 */
export function openSslProvider(
  libraryPath: string | null,
  means: OpenSslMeans = 'primitives',
): CryptoProvider | undefined {
  const ssl = loadOpenSsl(libraryPath);
  if (!ssl) return undefined;
  return {
    ...nodeProvider,
    name: 'openssl',
    supportsCipher: (suite) => runsHere(ssl, suite) || nodeProvider.supportsCipher(suite),
    cipher: (suite, encrKey, integKey) => cipher(ssl, means, suite, encrKey, integKey),
  };
}
