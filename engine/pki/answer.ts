/**
 * Answers to what an IKE session asks of keys and certificates: the effects `sign` and `verify-peer`. The
 * shapes equal those of `engine/ike/contract.ts`, so that a `Credentials` port of `engine/tunnel` is filled by
 * `createCredentials`.
 */
import type { Failure } from '../base/failure.ts';
import { decodeAlgorithm, encodeAlgorithm, joinAuthData, splitAuthData } from './algorithm-identifier.ts';
import type { Certificate } from './certificate.ts';
import { PkiError } from './error.ts';
import { formatIdentity, matchIdentity } from './identity.ts';
import type { IdentityPattern } from './identity-pattern.ts';
import type { Identity } from './identity-text.ts';
import type { KeyInfo } from './key-type.ts';
import type { DistinguishedName } from './name.ts';
import { type PathPolicy, type PathSuccess, verifyPath } from './path.ts';
import type { PrivateKey } from './private-key.ts';
import { checkRevocation, type RevocationOptions } from './revocation/check.ts';
import { HASH, METHOD, type SignatureScheme } from './scheme.ts';
import {
  classicEcdsaHash,
  describeScheme,
  type EcdsaEncoding,
  schemesFor,
  sign,
  verifySignature,
} from './sign.ts';
import { TlsClient } from './tls-client.ts';

export interface SignRequest {
  readonly octets: Uint8Array;
  readonly peerHashes: readonly number[] | undefined;
  readonly preferPss: boolean;
  /** The peer asks for OCSP responses about our certificate. */
  readonly wantsOcsp?: boolean;
}
export interface VerifyRequest {
  readonly identity: Identity;
  readonly certificates: readonly Uint8Array[];
  /** OCSP responses that came with them (RFC 4806). */
  readonly ocsp?: readonly Uint8Array[];
  readonly method: number;
  readonly signature: Uint8Array;
  readonly octets: Uint8Array;
}
export type SignResult =
  | {
      readonly ok: true;
      readonly method: number;
      readonly data: Uint8Array;
      readonly ocsp?: readonly Uint8Array[];
    }
  | { readonly ok: false; readonly failure: Failure };
export type VerifyResult =
  | { readonly ok: true; readonly subject: string }
  | { readonly ok: false; readonly failure: Failure };

/** Who the peer must be, beyond proving what it calls itself. */
export interface PeerFilter {
  /** What it calls itself. */
  readonly id?: IdentityPattern | undefined;
  /** The subject of its certificate; may hold wildcards. */
  readonly dn?: DistinguishedName | undefined;
}

export interface CredentialOptions extends Omit<PathPolicy, 'at'> {
  readonly filter?: PeerFilter;
  /** Ours; absent when we authenticate with something else. */
  readonly key?: PrivateKey;
  /** Ours for EAP-TLS; the chain leaf first. */
  readonly eapOwn?: { readonly key: PrivateKey; readonly chain: readonly Certificate[] } | undefined;
  /** The wall clock in milliseconds since 1970. */
  readonly now: () => number;
  /** How the peer's certificates are asked for; not at all when left out. */
  readonly revocation?: RevocationOptions;
  /** OCSP responses about our certificate, for peers that ask for them; never rejects. */
  readonly ownOcsp?: () => Promise<readonly Uint8Array[]>;
  /** Gets the sentences of `PathSuccess.warnings`, and what could not be found out of revocation. */
  readonly warn?: (text: string) => void;
}

export interface PkiCredentials {
  sign(request: SignRequest): Promise<SignResult>;
  verifyPeer(request: VerifyRequest): Promise<VerifyResult>;
  /** The TLS connection of an EAP method, to a server that must prove this identity. */
  openTls(server: Identity): TlsClient;
}

export function createCredentials(options: CredentialOptions): PkiCredentials {
  return {
    sign: async (request) => {
      const result = answerSign(options.key, request);
      const ocsp = result.ok && request.wantsOcsp ? await options.ownOcsp?.() : undefined;
      return ocsp ? { ...result, ocsp } : result;
    },
    verifyPeer: (request) => verifyPeer(options, request),
    openTls: (server) =>
      new TlsClient({
        own: options.eapOwn,
        verify: (certificates) => verifyServer(options, server, certificates),
      }),
  };
}

/** Nothing is fetched before the peer has proved that it holds the key: a stranger must not send us anywhere. */
async function verifyPeer(options: CredentialOptions, request: VerifyRequest): Promise<VerifyResult> {
  const at = options.now();
  const proof = prove(request, { ...options, at });
  if (!proof.ok) return proof;
  const stranger = filtered(request, proof.path.leaf, options.filter ?? {});
  return stranger ?? notRevoked(options, at, proof.path, request.ocsp);
}

/** The same for a TLS server inside of EAP, whose handshake has shown that it holds the key. */
async function verifyServer(
  options: CredentialOptions,
  identity: Identity,
  certificates: readonly Uint8Array[],
): Promise<Failure | undefined> {
  const at = options.now();
  const named = identify(certificates, identity, { ...options, at });
  const result = named.ok ? await notRevoked(options, at, named.path) : named;
  if (result.ok) return undefined;
  const { failure } = result;
  return { ...failure, message: `The TLS server of EAP is not the right one. ${failure.message}` };
}

async function notRevoked(
  options: CredentialOptions,
  at: number,
  path: PathSuccess,
  ocsp: readonly Uint8Array[] = [],
): Promise<VerifyResult> {
  const status = options.revocation
    ? await checkRevocation(
        path.chain,
        options.revocation,
        { at, allowLegacy: options.allowLegacy ?? false },
        ocsp,
      )
    : { ok: true as const, warnings: [] };
  if (!status.ok) return refuse('PEER_CERTIFICATE', status.check, status.detail, status.advice);
  for (const text of [...path.warnings, ...status.warnings]) options.warn?.(text);
  return { ok: true, subject: path.leaf.label };
}

function filtered(
  { identity }: VerifyRequest,
  leaf: Certificate,
  { id, dn }: PeerFilter,
): Refusal | undefined {
  if (id && !id.matches(identity))
    return refuse(
      'PEER_IDENTITY_MISMATCH',
      'identity',
      `The peer calls itself "${formatIdentity(identity)}", which does not fit remote.id "${id.text}".`,
    );
  if (dn && !leaf.subject.matches(dn))
    return refuse(
      'PEER_CERTIFICATE',
      'identity',
      `The subject of the certificate, "${leaf.subject}", does not fit remote.dn "${dn}".`,
    );
  return undefined;
}

type Refusal = Extract<VerifyResult, { ok: false }>;

const refuse = (
  code: Failure['code'],
  check: string,
  message: string,
  advice: readonly string[] = [],
): Refusal => ({
  ok: false,
  failure: {
    code,
    phase: 'IKE_AUTH',
    message,
    authenticated: false,
    check,
    ...(advice.length > 0 ? { advice } : {}),
  },
});

const local = (message: string, advice: readonly string[]): SignResult => ({
  ok: false,
  failure: { code: 'LOCAL_CREDENTIALS', phase: 'IKE_AUTH', message, authenticated: false, advice },
});

/** The AUTH method that goes with a scheme of `schemesFor`. */
function methodOf(key: KeyInfo, scheme: SignatureScheme, peerHashes: readonly number[] | undefined): number {
  if (scheme.hash !== undefined && scheme.hash !== HASH.SHA1 && peerHashes?.includes(scheme.hash))
    return METHOD.DIGITAL_SIGNATURE;
  if (key.type !== 'ec') return METHOD.RSA;
  return key.bits === 256 ? METHOD.ECDSA_256 : key.bits === 384 ? METHOD.ECDSA_384 : METHOD.ECDSA_521;
}

/** Signs our AUTH octets with the best scheme that key and peer share. */
export function answerSign(key: PrivateKey | undefined, request: SignRequest): SignResult {
  if (!key)
    return local('There is no private key to authenticate with.', ['Add a private key to the profile.']);
  let reason = 'the peer accepts no hash that this key can be used with';
  for (const scheme of schemesFor(key.info, request.peerHashes, request.preferPss)) {
    const method = methodOf(key.info, scheme, request.peerHashes);
    try {
      if (method !== METHOD.DIGITAL_SIGNATURE)
        return { ok: true, method, data: sign(key, scheme, request.octets, 'raw') };
      const algorithm = encodeAlgorithm(scheme);
      if (!algorithm) continue;
      return { ok: true, method, data: joinAuthData(algorithm, sign(key, scheme, request.octets)) };
    } catch (cause) {
      if (!(cause instanceof PkiError)) throw cause;
      reason = cause.message;
    }
  }
  return local(`The ${key} cannot sign for this peer: ${reason}.`, [
    'Use an RSA or ECDSA P-256/384/521 key.',
  ]);
}

/** Chain, then identity, then the signature over the peer's AUTH octets. */
export function answerVerify(
  request: VerifyRequest,
  policy: PathPolicy,
  warn?: (text: string) => void,
): VerifyResult {
  const proof = prove(request, policy);
  if (!proof.ok) return proof;
  for (const text of proof.path.warnings) warn?.(text);
  return { ok: true, subject: proof.path.leaf.label };
}

type Identified = Refusal | { readonly ok: true; readonly path: PathSuccess };

/** Chain, then identity. */
function identify(certificates: readonly Uint8Array[], wanted: Identity, policy: PathPolicy): Identified {
  const path = verifyPath(certificates, policy);
  if (!path.ok) return refuse('PEER_CERTIFICATE', path.check, path.detail);
  const identity = matchIdentity(path.leaf, wanted);
  if (!identity.ok) return refuse('PEER_CERTIFICATE', identity.check, identity.detail);
  return { ok: true, path };
}

function prove(request: VerifyRequest, policy: PathPolicy): Identified {
  const named = identify(request.certificates, request.identity, policy);
  if (!named.ok) return named;
  const { path } = named;
  const problem = authProblem(path.leaf, request, policy.allowLegacy ?? false);
  if (problem !== undefined)
    return refuse(
      'PEER_AUTHENTICATION_FAILED',
      'auth-signature',
      `The peer calls itself "${formatIdentity(request.identity)}" but did not prove it: ${problem}.`,
    );
  return { ok: true, path };
}

/** Why the AUTH data does not prove the leaf's key, or `undefined` when it does. */
function authProblem(
  leaf: Certificate,
  { method, signature: data, octets }: VerifyRequest,
  allowLegacy: boolean,
): string | undefined {
  const check = (
    scheme: SignatureScheme,
    signature: Uint8Array,
    encoding: EcdsaEncoding,
  ): string | undefined =>
    verifySignature(leaf, scheme, octets, signature, encoding)
      ? undefined
      : `its ${describeScheme(scheme)} signature does not fit the key in the certificate (${leaf.keyText})`;
  switch (method) {
    case METHOD.RSA: {
      // SHA-1 is the default; other hashes are named in the signature itself (RFC 7296 §3.8).
      const problems = [HASH.SHA1, HASH.SHA2_256, HASH.SHA2_384, HASH.SHA2_512].map((hash) =>
        check({ kind: 'rsa-pkcs1', hash }, data, 'raw'),
      );
      return problems.includes(undefined) ? undefined : problems[0];
    }
    case METHOD.ECDSA_256:
    case METHOD.ECDSA_384:
    case METHOD.ECDSA_521: {
      const hash = leaf.key && classicEcdsaHash(leaf.key);
      const expected = { [METHOD.ECDSA_256]: 2, [METHOD.ECDSA_384]: 3, [METHOD.ECDSA_521]: 4 }[method];
      return hash === expected && hash !== undefined
        ? check({ kind: 'ecdsa', hash }, data, 'raw')
        : `AUTH method ${method} does not go with the key in the certificate (${leaf.keyText})`;
    }
    case METHOD.DIGITAL_SIGNATURE: {
      const parts = splitAuthData(data);
      const scheme = parts && decodeAlgorithm(parts.algorithm);
      if (!parts || !scheme) return 'its signature algorithm is not one that is supported';
      if (scheme.hash === HASH.SHA1 && !allowLegacy)
        return `its signature is made with SHA-1, which is forbidden here (RFC 8247 §3.2)`;
      return check(scheme, parts.signature, 'der');
    }
    default:
      return `AUTH method ${method} is not supported with a certificate`;
  }
}
