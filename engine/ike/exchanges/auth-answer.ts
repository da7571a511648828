/** IKE_AUTH as responder (RFC 7296 §1.2): checks the peer, proves who we are, gives an address, makes the first child. */
import type { Failure } from '../../base/failure.ts';
import { after, seconds } from '../../base/instant.ts';
import { find, findNotify, notify } from '../../wire/find.ts';
import type { AuthPayload, Payload } from '../../wire/payloads/types.ts';
import { CfgType, NotifyType } from '../../wire/registry.ts';
import { answerChild } from '../child-negotiation.ts';
import { installPair } from '../children.ts';
import type { Core } from '../core.ts';
import type { IkeSa } from '../ike-sa.ts';
import { established } from '../lifecycle.ts';
import { certPayloads, wantsOcsp } from '../parts/cert.ts';
import { childlessRefusal } from '../parts/childless.ts';
import { cfgReply, readRequest, wantsAny } from '../parts/config.ts';
import { failure } from '../parts/failures.ts';
import { single } from '../parts/pick.ts';
import { adoptPpk, readPpkRequest } from '../ppk.ts';
import { checkPeer, claimedIdentity, prove } from '../proof.ts';
import { EapAnswer } from './auth-eap-answer.ts';
import { agreeOnMobike, mobikeOffer } from './auth-parts.ts';
import { sentAway } from './redirect.ts';

/** A refused peer's retransmits are answered for this long. */
const REFUSED_MS = seconds(5);

type Respond = (answer: readonly Payload[]) => void;

export function answerAuth(core: Core, sa: IkeSa, payloads: readonly Payload[], respond: Respond): void {
  if (core.eapAnswer) {
    core.eapAnswer.answer(payloads, respond);
    return;
  }
  const refuse = (reason: Failure): void => refusePeer(core, reason, respond);
  if (core.handshake) core.handshake.peerWantsOcsp = wantsOcsp(payloads);
  if (core.config.remoteAuth.kind === 'eap') {
    answerEap(core, sa, payloads, respond);
    return;
  }
  if (!single(payloads, 'AUTH')) {
    refuse(failure('NOT_SUPPORTED', 'IKE_AUTH', 'the peer asks to be authenticated by EAP', false));
    return;
  }
  const judged = readPpkRequest(core, sa, payloads);
  if (!judged.ok) {
    refuse(judged.failure);
    return;
  }
  checkPeer(core, sa, judged.payloads, 'IDi', (bad) => {
    if (bad) refuse(bad);
    else
      prove(core, sa, (proof) => {
        if (proof.ok) complete(core, sa, payloads, ourIdentity(core, proof.auth), respond);
        else refuse(proof.failure);
      });
  });
}

/** The first round: we prove ourselves, and ask who the peer is. */
function answerEap(core: Core, sa: IkeSa, payloads: readonly Payload[], respond: Respond): void {
  const { eap } = core.config.remoteAuth;
  if (!eap) throw new TypeError('EAP without methods');
  const claimed = claimedIdentity(core, payloads, 'IDi');
  if (!claimed.ok || single(payloads, 'AUTH')) {
    const text = 'the peer does not ask to be authenticated by EAP';
    const reason = claimed.ok
      ? failure('PEER_AUTHENTICATION_FAILED', 'IKE_AUTH', text, false)
      : claimed.error;
    refusePeer(core, reason, respond);
    return;
  }
  const rounds = new EapAnswer(core, sa, eap, claimed.value, payloads, {
    accept: (first, proof, answer) => complete(core, sa, first, proof, answer),
    refuse: (reason, answer, say) => refusePeer(core, reason, answer, say),
  });
  prove(core, sa, (proof) => {
    if (!proof.ok) {
      refusePeer(core, proof.failure, respond);
      return;
    }
    core.eapAnswer = rounds;
    respond([...ourIdentity(core, proof.auth), rounds.start()]);
  });
}

function refusePeer(
  core: Core,
  reason: Failure,
  respond: Respond,
  answer: readonly Payload[] = [notify(NotifyType.AUTHENTICATION_FAILED)],
): void {
  respond(answer);
  core.note('auth', `refused: ${reason.message}`, 'warn');
  core.ending = { failure: reason };
  core.setState('DESTROYING');
  core.deadlines.clearAll();
  core.deadlines.set('farewell', after(core.now, REFUSED_MS));
}

const ourIdentity = (core: Core, auth: AuthPayload): readonly Payload[] => [
  { kind: 'IDr', ...core.config.localId },
  ...certPayloads(core.config.localAuth, core.handshake?.ourOcsp),
  auth,
  ...(core.handshake?.ppk ? [notify(NotifyType.PPK_IDENTITY)] : []),
];

/** @param identity our AUTH, and who we are unless that was said before */
function complete(
  core: Core,
  sa: IkeSa,
  payloads: readonly Payload[],
  identity: readonly Payload[],
  respond: Respond,
): void {
  const { handshake } = core;
  if (!handshake) return;
  const refused = childlessRefusal(core, payloads);
  if (refused) {
    refusePeer(core, refused, respond, [notify(NotifyType.INVALID_SYNTAX)]);
    return;
  }
  adoptPpk(core, sa);
  agreeOnMobike(core, payloads);
  const mobike = core.mobike ? mobikeOffer(core) : [];
  core.initialContact = findNotify(payloads, NotifyType.INITIAL_CONTACT) !== undefined;
  if (core.initialContact) core.note('auth', 'the peer says that it has no other SA here');
  const away = sentAway(core, 'IKE_AUTH');
  if (away.length > 0) {
    respond([...identity, ...away]);
    established(core);
    return;
  }
  const config = assign(core, payloads);
  if (!config) {
    respond([...identity, ...mobike, notify(NotifyType.INTERNAL_ADDRESS_FAILURE)]);
    established(core);
    return;
  }
  if (!find(payloads, 'SA')) {
    respond([...identity, ...mobike, ...config]);
    established(core);
    return;
  }
  const answer = answerChild(core, payloads, core.config.children, 'none', 0);
  if (!answer.ok) {
    core.note('child', 'no configured child meets what the peer asks for', 'warn');
    respond([...identity, ...mobike, answer.error]);
    established(core);
    return;
  }
  respond([...identity, ...mobike, ...config, answer.sa, ...answer.rest]);
  installPair(core, sa, {
    ...answer.agreement,
    nonces: { initiator: handshake.peerNonce, responder: handshake.ourNonce },
    shared: undefined,
    initiator: false,
    outbound: 'now',
    replaces: undefined,
    generation: 0,
  });
  established(core);
}

/** The CP payload, none when nothing was asked for; `undefined` when there is no address to give. */
function assign(core: Core, payloads: readonly Payload[]): Payload[] | undefined {
  const cp = single(payloads, 'CP');
  if (cp?.cfgType !== CfgType.REQUEST) return [];
  const request = readRequest(cp);
  if (!wantsAny(request) || !core.context.assign || !core.remoteId) return [];
  const assigned = core.context.assign(core.remoteId, request);
  if (!assigned) return undefined;
  core.assigned = assigned;
  core.note('config', `gave ${assigned.addresses.map((a) => `${a.address}/${a.length}`).join(' ')}`);
  return [cfgReply(assigned)];
}
