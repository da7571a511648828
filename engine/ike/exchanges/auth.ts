/**
 * IKE_AUTH as initiator (RFC 7296 §1.2, §2.15): who we are, who the peer is, an address, the first child. The
 * exchange is a machine of rounds: a method that needs several (§2.16) goes on with `more-auth`.
 */
import type { Failure } from '../../base/failure.ts';
import { findAll, findError, findNotify, notify } from '../../wire/find.ts';
import type { AuthPayload, Payload } from '../../wire/payloads/types.ts';
import { CfgType, Exchange as ExchangeType, NotifyType } from '../../wire/registry.ts';
import {
  type ChildAgreement,
  type ChildOffer,
  childOffer,
  offerPayloads,
  readChildAnswer,
} from '../child-negotiation.ts';
import { installPair } from '../children.ts';
import type { Assigned } from '../contract.ts';
import type { Core } from '../core.ts';
import type { IkeSa } from '../ike-sa.ts';
import { begin, beginClose, conclude, established } from '../lifecycle.ts';
import { certPayloads, certreqPayloads } from '../parts/cert.ts';
import { cfgRequest, readReply, wantsAny } from '../parts/config.ts';
import { failure, refusal } from '../parts/failures.ts';
import { notifyName, single } from '../parts/pick.ts';
import { adoptPpk, beginPpk, ppkPayloads, readPpkAnswer } from '../ppk.ts';
import { checkPeer, prove } from '../proof.ts';
import { childCreate } from './child-create.ts';
import type { Exchange, ExchangeTable, Outcome } from './exchange.ts';

const phase = 'IKE_AUTH';
const broken = (text: string): Failure => failure('PROTOCOL_ERROR', phase, text, true);

/** Follows IKE_SA_INIT: signs, then sends. */
export function startAuth(core: Core, sa: IkeSa): void {
  const bad = beginPpk(core, sa);
  if (bad) {
    beginClose(core, bad);
    return;
  }
  prove(core, sa, (proof) => {
    if (!proof.ok) beginClose(core, proof.failure);
    else if (!core.handshake?.ppk || core.config.ppk?.required) begin(core, sa, new Auth(proof.auth));
    else
      prove(
        core,
        sa,
        (without) => {
          if (without.ok) begin(core, sa, new Auth(proof.auth, without.auth));
          else beginClose(core, without.failure);
        },
        core.handshake,
      );
  });
}

class Auth implements Exchange {
  readonly table: ExchangeTable = TABLE;
  readonly key = 'auth';
  readonly #auth: AuthPayload;
  readonly #withoutPpk: AuthPayload | undefined;
  #offer: ChildOffer | undefined;

  /** @param withoutPpk the same proof made without the PPK, where it is optional (RFC 8784 §3) */
  constructor(auth: AuthPayload, withoutPpk?: AuthPayload) {
    this.#auth = auth;
    this.#withoutPpk = withoutPpk;
  }

  request(core: Core): readonly Payload[] {
    const { config, handshake } = core;
    this.#offer = handshake?.child ? childOffer(core, handshake.child, 'none') : undefined;
    const child = this.#offer && offerPayloads(this.#offer);
    return [
      { kind: 'IDi', ...config.localId },
      ...certPayloads(config.localAuth),
      ...certreqPayloads(config.remoteAuth),
      ...(config.initialContact ? [notify(NotifyType.INITIAL_CONTACT)] : []),
      ...(config.sendRemoteId && config.remoteId ? [{ kind: 'IDr' as const, ...config.remoteId }] : []),
      this.#auth,
      ...ppkPayloads(core, this.#withoutPpk),
      ...(wantsAny(config.virtualIp) ? [cfgRequest(config.virtualIp)] : []),
      ...(child ? [child.sa, ...child.rest] : []),
    ];
  }

  response(core: Core, sa: IkeSa, payloads: readonly Payload[]): Outcome {
    const error = findError(payloads);
    if (!single(payloads, 'AUTH')) {
      if (error) return { kind: 'close', failure: refusal(error, phase, false) };
      const text =
        findAll(payloads, 'EAP').length > 0
          ? 'the gateway asks for EAP, which this connection does not use'
          : 'the gateway answered IKE_AUTH without proving who it is';
      return { kind: 'close', failure: failure('PROTOCOL_ERROR', phase, text, false) };
    }
    const noPpk = readPpkAnswer(core, payloads);
    if (noPpk) {
      beginClose(core, noPpk, notify(NotifyType.AUTHENTICATION_FAILED));
      return { kind: 'wait' };
    }
    checkPeer(core, sa, payloads, 'IDr', (bad) => {
      // The peer believes that all is well: it is told that it is not (§2.21.2).
      if (bad) beginClose(core, bad, notify(NotifyType.AUTHENTICATION_FAILED));
      else conclude(core, sa, this, this.#authenticated(core, sa, payloads));
    });
    return { kind: 'wait' };
  }

  #authenticated(core: Core, sa: IkeSa, payloads: readonly Payload[]): Outcome {
    adoptPpk(core, sa);
    noteIgnored(core, payloads);
    const error = findError(payloads);
    if (error) return { kind: 'close', failure: refusal(error, phase, true) };
    const config = this.#readConfig(core, payloads);
    if ('code' in config) return { kind: 'close', failure: config };
    let agreement: ChildAgreement | undefined;
    if (this.#offer) {
      const judged = readChildAnswer(this.#offer, payloads, phase);
      if (!judged.ok) return { kind: 'close', failure: judged.failure };
      agreement = judged.agreement;
    }
    if (wantsAny(core.config.virtualIp)) {
      core.assigned = config;
      core.note(
        'config',
        `assigned ${config.addresses.map((a) => `${a.address}/${a.length}`).join(' ')}, DNS ${config.dns.join(' ') || 'none'}`,
      );
      core.emit({ kind: 'assigned', assigned: config });
    }
    const { handshake } = core;
    if (agreement && handshake)
      installPair(core, sa, {
        ...agreement,
        nonces: { initiator: handshake.ourNonce, responder: handshake.peerNonce },
        shared: undefined,
        initiator: true,
        outbound: 'now',
        replaces: undefined,
        generation: 0,
      });
    established(core);
    for (const child of core.config.children.slice(1)) core.enqueue(childCreate(child));
    return { kind: 'done' };
  }

  #readConfig(core: Core, payloads: readonly Payload[]): Assigned | Failure {
    const { virtualIp } = core.config;
    const reply = single(payloads, 'CP');
    const none: Assigned = { addresses: [], dns: [], subnets: [], domains: [] };
    if (!wantsAny(virtualIp))
      return findAll(payloads, 'CP').length > 0
        ? broken('the gateway sent a configuration that nobody asked for')
        : none;
    const assigned = reply?.cfgType === CfgType.REPLY ? readReply(reply, virtualIp) : none;
    if ((virtualIp.ipv4 || virtualIp.ipv6) && assigned.addresses.length === 0)
      return failure('INTERNAL_ADDRESS_FAILURE', phase, 'the gateway gave no virtual address', true);
    return assigned;
  }
}

/** Notifies that belong to extensions which are not in use. */
export function noteIgnored(core: Core, payloads: readonly Payload[]): void {
  for (const type of [NotifyType.AUTH_LIFETIME, NotifyType.REDIRECT, NotifyType.MOBIKE_SUPPORTED])
    if (findNotify(payloads, type)) core.note('message', `${notifyName(type)} is not acted upon`, 'debug');
}

const TABLE: ExchangeTable = { type: ExchangeType.IKE_AUTH, story: 'IKE_AUTH' };
