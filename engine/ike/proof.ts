/** Proving who we are and checking who the peer is (RFC 7296 §2.15, RFC 7427); signatures are the world's business. */
import { equalBytes, equalConstantTime, wipe } from '../base/bytes.ts';
import type { Failure } from '../base/failure.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { AuthPayload, Payload } from '../wire/payloads/types.ts';
import { AuthMethod, IdType, nameOf } from '../wire/registry.ts';
import { authOctets, sharedKeyAuth } from './auth-octets.ts';
import type { Identity, Input } from './contract.ts';
import type { Core } from './core.ts';
import type { Handshake } from './handshake.ts';
import type { IkeSa } from './ike-sa.ts';
import { intAuthOctets } from './int-auth.ts';
import { linkedCertificate, readCertificates, readOcsp } from './parts/cert.ts';
import { failure, identityText } from './parts/failures.ts';
import { single } from './parts/pick.ts';

type Answer<K extends Input['kind']> = Extract<Input, { kind: K }> extends { result: infer R } ? R : never;

const SIGNATURE_METHODS: readonly number[] = [
  AuthMethod.RSA,
  AuthMethod.ECDSA_256,
  AuthMethod.ECDSA_384,
  AuthMethod.ECDSA_521,
  AuthMethod.DIGITAL_SIGNATURE,
];

/** Our AUTH payload, at once or after the answer to `sign`; with the PPK where one is in use. */
export function prove(
  core: Core,
  sa: IkeSa,
  then: (
    result:
      | { readonly ok: true; readonly auth: AuthPayload }
      | { readonly ok: false; readonly failure: Failure },
  ) => void,
  keys: Pick<Handshake, 'ourSkP'> | undefined = core.handshake?.ppk ?? core.handshake,
): void {
  const { handshake, config, context } = core;
  if (!handshake || !keys || !sa.crypt) throw new TypeError('AUTH before IKE_SA_INIT');
  if (config.localAuth.kind === 'eap') throw new TypeError('EAP proves itself in rounds of its own');
  const octets = authOctets(
    context.crypto,
    sa.crypt.prf,
    handshake.ourInit,
    handshake.peerNonce,
    keys.ourSkP,
    config.localId,
    intAuthOctets(core),
  );
  if (config.localAuth.kind === 'psk') {
    const data = sharedKeyAuth(context.crypto, sa.crypt.prf, config.localAuth.secret.expose(), octets);
    core.localAuthMethod = AuthMethod.PSK;
    then({ ok: true, auth: { kind: 'AUTH', method: AuthMethod.PSK, data } });
    return;
  }
  const request = core.ask<Answer<'signature'>>('sign', (result) => {
    if (!result.ok) then(result);
    else if (!SIGNATURE_METHODS.includes(result.method) || result.data.length === 0)
      then({
        ok: false,
        failure: failure(
          'LOCAL_CREDENTIALS',
          'IKE_AUTH',
          'our key gave a signature of no known method',
          false,
        ),
      });
    else {
      core.localAuthMethod = result.method;
      handshake.ourOcsp = result.ocsp ?? [];
      then({ ok: true, auth: { kind: 'AUTH', method: result.method, data: result.data } });
    }
  });
  core.emit({
    kind: 'sign',
    request,
    octets,
    peerHashes: handshake.peerHashes,
    preferPss: config.preferPss,
    ...(handshake.peerWantsOcsp ? { wantsOcsp: true } : {}),
  });
}

/** Checks the peer's ID and AUTH payloads against what the configuration demands. */
export function checkPeer(
  core: Core,
  sa: IkeSa,
  payloads: readonly Payload[],
  idKind: 'IDi' | 'IDr',
  then: (failure: Failure | undefined) => void,
): void {
  const { handshake, config, context } = core;
  if (!handshake || !sa.crypt) throw new TypeError('AUTH before IKE_SA_INIT');
  const claimed = claimedIdentity(core, payloads, idKind);
  const auth = single(payloads, 'AUTH');
  if (!claimed.ok || !auth) {
    const text = 'the peer sent no single AUTH';
    then(claimed.ok ? failure('PROTOCOL_ERROR', 'IKE_AUTH', text, false) : claimed.error);
    return;
  }
  const identity = claimed.value;
  const fits =
    config.remoteAuth.kind === 'psk'
      ? auth.method === AuthMethod.PSK
      : SIGNATURE_METHODS.includes(auth.method);
  if (!fits) {
    const wanted = config.remoteAuth.kind === 'psk' ? 'a shared secret' : 'a certificate';
    const text = `the peer authenticated with ${nameOf(AuthMethod, auth.method)} where ${wanted} is demanded`;
    then(failure('PEER_AUTHENTICATION_FAILED', 'IKE_AUTH', text, false));
    return;
  }
  const octets = authOctets(
    context.crypto,
    sa.crypt.prf,
    handshake.peerInit,
    handshake.ourNonce,
    (handshake.ppk ?? handshake).peerSkP,
    identity,
    intAuthOctets(core),
  );
  const accept = (): void => {
    core.remoteId = identity;
    core.remoteAuthMethod = auth.method;
    core.note('auth', `the peer is ${identityText(identity)} (${nameOf(AuthMethod, auth.method)})`);
    then(undefined);
  };
  if (config.remoteAuth.kind === 'psk') {
    const secret = config.remoteAuth.secret?.(identity);
    const expected = secret && sharedKeyAuth(context.crypto, sa.crypt.prf, secret.expose(), octets);
    const genuine = expected !== undefined && equalConstantTime(expected, auth.data);
    wipe(expected);
    if (genuine) accept();
    else {
      const why = secret ? 'does not hold the same shared secret' : 'has no shared secret here';
      const text = `the peer ${identityText(identity)} ${why}`;
      then(failure('PEER_AUTHENTICATION_FAILED', 'IKE_AUTH', text, false));
    }
    return;
  }
  const link = linkedCertificate(payloads);
  if (link !== undefined) {
    then(failure('PEER_CERTIFICATE', 'IKE_AUTH', link, false));
    return;
  }
  const request = core.ask<Answer<'peer-verdict'>>('verify-peer', (result) => {
    if (result.ok) accept();
    else then(result.failure);
  });
  core.emit({
    kind: 'verify-peer',
    request,
    identity,
    certificates: readCertificates(payloads),
    ocsp: readOcsp(payloads),
    method: auth.method,
    signature: auth.data,
    octets,
  });
}

/** Who the peer says it is, when that is whom we expect. Proves nothing. */
export function claimedIdentity(
  { config, context }: Core,
  payloads: readonly Payload[],
  idKind: 'IDi' | 'IDr',
): Result<Identity, Failure> {
  const id = single(payloads, idKind);
  if (!id) return err(failure('PROTOCOL_ERROR', 'IKE_AUTH', `the peer sent no single ${idKind}`, false));
  const identity: Identity = { idType: id.idType, data: id.data };
  const same = (a: Identity, b: Identity): boolean =>
    sameIdentity(a, b) || context.sameIdentity?.(a, b) === true;
  if (!config.remoteId || same(config.remoteId, identity)) return ok(identity);
  const text = `the peer calls itself ${identityText(identity)}, not ${identityText(config.remoteId)}`;
  return err(failure('PEER_IDENTITY_MISMATCH', 'IKE_AUTH', text, false));
}

/** Octet for octet; host names and mail addresses without regard to case (RFC 7296 §3.5 leaves it open). */
export function sameIdentity(a: Identity, b: Identity): boolean {
  if (a.idType !== b.idType) return false;
  const fold = a.idType === IdType.FQDN || a.idType === IdType.RFC822_ADDR;
  return fold ? equalBytes(a.data.map(lower), b.data.map(lower)) : equalBytes(a.data, b.data);
}

const lower = (b: number): number => (b >= 0x41 && b <= 0x5a ? b + 0x20 : b);
