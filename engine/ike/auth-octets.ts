/** What AUTH payloads sign, and the shared-key AUTH value (RFC 7296 §2.15). */
import { concat, utf8, wipe } from '../base/bytes.ts';
import type { CryptoProvider } from '../crypto/port.ts';
import type { Identity } from './contract.ts';

/** The ID payload without its generic header: type, three reserved octets, data. */
export const idBody = (identity: Identity): Uint8Array =>
  concat(Uint8Array.of(identity.idType, 0, 0, 0), identity.data);

/**
 * RealMessage | NonceOfTheOther | prf(SK_p, RestOfIDPayload) [| IntAuth].
 * @param firstMessage the signer's IKE_SA_INIT message, octet for octet as sent
 * @param skP SK_pi for the initiator's, SK_pr for the responder's
 * @param intAuth what RFC 9242 §3.3.2 adds after IKE_INTERMEDIATE, else empty
 */
export function authOctets(
  crypto: CryptoProvider,
  prf: number,
  firstMessage: Uint8Array,
  otherNonce: Uint8Array,
  skP: Uint8Array,
  identity: Identity,
  intAuth: Uint8Array,
): Uint8Array {
  return concat(firstMessage, otherNonce, crypto.prf(prf, skP, idBody(identity)), intAuth);
}

/** prf(prf(secret, "Key Pad for IKEv2"), octets). */
export function sharedKeyAuth(
  crypto: CryptoProvider,
  prf: number,
  secret: Uint8Array,
  octets: Uint8Array,
): Uint8Array {
  const pad = crypto.prf(prf, secret, utf8('Key Pad for IKEv2'));
  const auth = crypto.prf(prf, pad, octets);
  wipe(pad);
  return auth;
}
