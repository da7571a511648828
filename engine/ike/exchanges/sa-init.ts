/** IKE_SA_INIT as initiator (RFC 7296 §1.2): algorithms, key exchange, nonces; cookies (§2.6) and other groups (§2.7). */
import { readU16, wipe } from '../../base/bytes.ts';
import type { Failure } from '../../base/failure.ts';
import { CryptoError, type PendingKeyExchange } from '../../crypto/port.ts';
import { cipherSizes, keyExchangeName, prfName, suiteName } from '../../crypto/suites.ts';
import { findError, findNotify, notify } from '../../wire/find.ts';
import type { Payload, SaPayload } from '../../wire/payloads/types.ts';
import { Exchange as ExchangeType, HashAlgorithm, NotifyType } from '../../wire/registry.ts';
import type { Core } from '../core.ts';
import type { IkeSa } from '../ike-sa.ts';
import { firstSkeyseed, ikeKeys, type Nonces } from '../keymat.ts';
import { wantsOcsp } from '../parts/cert.ts';
import { childWithAuth, noChildless } from '../parts/childless.ts';
import { failure, refusal } from '../parts/failures.ts';
import { hashesNotify, natPayloads, readHashes, readNat } from '../parts/natd.ts';
import { single } from '../parts/pick.ts';
import { proposalsFor, vendorPayloads } from '../parts/private-use.ts';
import { type Chosen, keMethods, offer, readChoice } from '../parts/proposals.ts';
import { isAdditional } from '../parts/usable-proposals.ts';
import { offerPpk } from '../ppk.ts';
import { Protection } from '../sealed.ts';
import { DONE, type Exchange, type ExchangeTable, type Outcome } from './exchange.ts';
import { redirectedAtInit, redirectOffer } from './redirect.ts';

const NONCE_LENGTH = 32;
const MOST_COOKIES = 3;
const MOST_GROUPS = 2;
const LONGEST_COOKIE = 64;

/** The hashes that we take in method 14 (RFC 7427 §4); IDENTITY is for Ed25519 (RFC 8420). */
export const OUR_HASHES: readonly number[] = [
  HashAlgorithm.SHA2_256,
  HashAlgorithm.SHA2_384,
  HashAlgorithm.SHA2_512,
  HashAlgorithm.IDENTITY,
];

const hint = (reason: Failure): Outcome => ({ kind: 'hint', failure: reason });
const broken = (why: string): Outcome =>
  hint(failure('PROTOCOL_ERROR', 'IKE_SA_INIT', `the answer to IKE_SA_INIT ${why}`, false));

export class SaInit implements Exchange {
  readonly table: ExchangeTable = TABLE;
  readonly key = 'sa-init';
  readonly #nonce: Uint8Array;
  #group: number;
  #pending: PendingKeyExchange | undefined;
  #cookie: Uint8Array | undefined;
  #cookies = 0;
  #groups = 0;

  /** @param group 0 when nothing that is configured can be done */
  constructor(core: Core, group: number) {
    this.#nonce = core.context.random(NONCE_LENGTH);
    this.#group = group;
  }

  request(core: Core, sa: IkeSa): readonly Payload[] | undefined {
    if (!core.path) return undefined;
    const offered = ourOffer(core);
    this.#pending ??= core.context.crypto.beginKeyExchange(this.#group, core.context.random);
    return [
      ...(this.#cookie ? [notify(NotifyType.COOKIE, this.#cookie)] : []),
      offered,
      { kind: 'KE', method: this.#group, data: this.#pending.publicValue },
      { kind: 'Nonce', data: this.#nonce },
      ...natPayloads(core.context.crypto, core.context.random, sa, core.path, core.nat.forced),
      ...abilities(core),
      ...(hasAdditional(offered) ? [notify(NotifyType.INTERMEDIATE_EXCHANGE_SUPPORTED)] : []),
      ...offerPpk(core),
      ...redirectOffer(core),
      ...vendorPayloads(core),
    ];
  }

  response(core: Core, sa: IkeSa, payloads: readonly Payload[]): Outcome {
    const cookie = findNotify(payloads, NotifyType.COOKIE);
    if (cookie && !single(payloads, 'SA')) return this.#takeCookie(cookie.data);
    const redirect = redirectedAtInit(core, payloads, this.#nonce);
    if (redirect) return redirect;
    const error = findError(payloads);
    if (error?.type === NotifyType.INVALID_KE_PAYLOAD) return this.#takeGroup(core, error.data);
    if (error) return hint(refusal(error, 'IKE_SA_INIT', false));
    const answer = single(payloads, 'SA');
    const ke = single(payloads, 'KE');
    const nonce = single(payloads, 'Nonce');
    if (!answer || !ke || !nonce) return broken('lacks SA, KE or nonce');
    const choice = readChoice(answer, ourOffer(core), 'ike', 0);
    if (!choice.ok) return broken(choice.why);
    if (choice.chosen.keMethod !== this.#group || ke.method !== this.#group)
      return broken(
        `chose another key exchange than ${keyExchangeName(this.#group)} without saying so first`,
      );
    const noChild = noChildless(core, payloads);
    if (noChild) return hint(noChild);
    if (choice.chosen.additional.length > 0 && !runsIntermediate(payloads))
      return broken('chose additional key exchanges without supporting IKE_INTERMEDIATE');
    return this.#agree(core, sa, choice.chosen, ke.data, nonce.data, payloads);
  }

  abandon(): void {
    this.#pending?.destroy();
    this.#pending = undefined;
  }

  #takeCookie(cookie: Uint8Array): Outcome {
    if (cookie.length < 1 || cookie.length > LONGEST_COOKIE)
      return broken('has a cookie of a forbidden length');
    if (++this.#cookies > MOST_COOKIES) return broken('asks for a cookie again and again');
    this.#cookie = cookie;
    return { kind: 'again', why: 'cookie' };
  }

  /** The group must be one that we offered, so that nobody can talk us into a weaker one (§2.7, §3.4). */
  #takeGroup(core: Core, data: Uint8Array): Outcome {
    const group = data.length === 2 ? readU16(data, 0) : 0;
    if (!keMethods(proposalsFor(core, core.config.proposals)).includes(group))
      return hint(
        failure(
          'INVALID_KE_PAYLOAD',
          'IKE_SA_INIT',
          `the gateway wants key exchange ${keyExchangeName(group)}, which is not in our proposals`,
          false,
        ),
      );
    if (group === this.#group || ++this.#groups > MOST_GROUPS)
      return broken(`asks for key exchange ${keyExchangeName(group)} again and again`);
    core.note(
      'message',
      `the gateway wants ${keyExchangeName(group)} in place of ${keyExchangeName(this.#group)}`,
    );
    this.abandon();
    this.#group = group;
    return { kind: 'again', why: 'invalid-ke' };
  }

  #agree(
    core: Core,
    sa: IkeSa,
    chosen: Chosen,
    peerPublic: Uint8Array,
    peerNonce: Uint8Array,
    payloads: readonly Payload[],
  ): Outcome {
    const { path } = core;
    const peerInit = core.received;
    const ourInit = sa.window.flight?.datagrams[0];
    if (!this.#pending || !path || !peerInit || !ourInit) return broken('came twice');
    let shared: Uint8Array;
    try {
      shared = this.#pending.finish(peerPublic);
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      this.abandon();
      this.#pending = undefined;
      return { kind: 'close', failure: failure('PROTOCOL_ERROR', 'IKE_SA_INIT', error.message, false) };
    }
    this.#pending = undefined;
    sa.spiResponder = core.receivedSpis?.spiResponder ?? sa.spiResponder;
    const nonces = { initiator: this.#nonce, responder: peerNonce };
    const keys = keySa(core, sa, chosen, nonces, shared);
    const child = childWithAuth(core, payloads);
    core.handshake = {
      ourInit,
      peerInit,
      ourNonce: this.#nonce,
      peerNonce,
      peerHashes: readHashes(payloads),
      peerUsesPpk: findNotify(payloads, NotifyType.USE_PPK) !== undefined,
      peerTakesRounds: findNotify(payloads, NotifyType.MULTIPLE_AUTH_SUPPORTED) !== undefined,
      peerWantsOcsp: wantsOcsp(payloads),
      additional: [...chosen.additional],
      ourSkP: keys.ourSkP,
      peerSkP: keys.peerSkP,
      ...(child ? { child } : {}),
    };
    core.fragmentation = fragmentationAgreed(core, payloads);
    core.nat = readNat(core.context.crypto, sa, path, payloads, core.nat.forced);
    noteSuite(core, chosen);
    float(core);
    return DONE;
  }
}

const ourOffer = (core: Core): ReturnType<typeof offer> =>
  offer(proposalsFor(core, core.config.proposals), 'ike', new Uint8Array(0));

/** The group that the first KE payload has, 0 when the proposals have none that works here. */
export const firstGroup = (core: Core): number =>
  keMethods(proposalsFor(core, core.config.proposals))[0] ?? 0;

const hasAdditional = (sa: SaPayload): boolean =>
  sa.proposals.some((p) => p.transforms.some((t) => isAdditional(t.type)));

/** Whether the peer can run additional key exchanges (RFC 9242 §3.1, RFC 9370 §2.2.1). */
export const runsIntermediate = (payloads: readonly Payload[]): boolean =>
  findNotify(payloads, NotifyType.INTERMEDIATE_EXCHANGE_SUPPORTED) !== undefined;

/** What both roles say in IKE_SA_INIT besides the exchange itself. */
export const abilities = (core: Core): Payload[] => [
  ...(core.config.fragmentation.enabled ? [notify(NotifyType.IKEV2_FRAGMENTATION_SUPPORTED)] : []),
  hashesNotify(OUR_HASHES),
];

export const fragmentationAgreed = (core: Core, payloads: readonly Payload[]): boolean =>
  core.config.fragmentation.enabled &&
  findNotify(payloads, NotifyType.IKEV2_FRAGMENTATION_SUPPORTED) !== undefined;

/** Derives the first IKE SA's keys; `shared` is wiped. */
export function keySa(
  core: Core,
  sa: IkeSa,
  chosen: Chosen,
  nonces: Nonces,
  shared: Uint8Array,
): { readonly ourSkP: Uint8Array; readonly peerSkP: Uint8Array } {
  const skeyseed = firstSkeyseed(core.context.crypto, chosen.prf, nonces, shared);
  wipe(shared);
  return applyKeys(core, sa, chosen, nonces, skeyseed);
}

/** SK_* out of SKEYSEED, which is wiped; the keys before them are the caller's to destroy. */
export function applyKeys(
  core: Core,
  sa: IkeSa,
  chosen: Pick<Chosen, 'suite' | 'prf' | 'keMethod' | 'additional'>,
  nonces: Nonces,
  skeyseed: Uint8Array,
): { readonly ourSkP: Uint8Array; readonly peerSkP: Uint8Array } {
  const { crypto, random } = core.context;
  const sizes = cipherSizes(chosen.suite);
  if (!sizes) throw new TypeError(`no such suite: ${suiteName(chosen.suite)}`);
  const keys = ikeKeys(crypto, chosen.prf, sizes, skeyseed, nonces, sa.spiInitiator, sa.spiResponder);
  wipe(skeyseed);
  sa.crypt = {
    suite: chosen.suite,
    prf: chosen.prf,
    keMethod: chosen.keMethod,
    additional: chosen.additional,
    protection: new Protection(crypto, random, chosen.suite, keys, sa.initiator),
    skD: keys.d,
  };
  wipe(keys.ai, keys.ar, keys.ei, keys.er);
  return sa.initiator ? { ourSkP: keys.pi, peerSkP: keys.pr } : { ourSkP: keys.pr, peerSkP: keys.pi };
}

export function noteSuite(core: Core, chosen: Chosen): void {
  const exchanges = [chosen.keMethod, ...chosen.additional].map(keyExchangeName).join(' + ');
  core.note('message', `IKE SA uses ${suiteName(chosen.suite)}, ${prfName(chosen.prf)}, ${exchanges}`);
}

/** From 500 to 4500 once the peer has answered (§2.23); any other port carries ESP already. */
function float(core: Core): void {
  const { path, nat } = core;
  if (!path) return;
  core.note('nat', natText(core));
  if (!core.encapsulated) {
    core.encapsulated = true;
    core.path = {
      local: { ...path.local, port: path.local.port === 500 ? 4500 : path.local.port },
      remote: { ...path.remote, port: 4500 },
    };
  }
  core.emit({ kind: 'path', path: core.path ?? path, nat });
}

export function natText(core: Core): string {
  const { local, remote, forced } = core.nat;
  const seen =
    local && remote ? 'on both sides' : local ? 'on our side' : remote ? "on the peer's side" : 'nowhere';
  return `NAT seen ${seen}${forced ? ', encapsulation forced' : ''}`;
}

const TABLE: ExchangeTable = { type: ExchangeType.IKE_SA_INIT, story: 'IKE_SA_INIT' };
