/** CREATE_CHILD_SA as responder: a new child, a rekeyed child, a rekeyed IKE SA (RFC 7296 §1.3, §2.25). */
import type { IkeSpi, Spi32 } from '../../base/brand.ts';
import { fromHex, readU32, toHex } from '../../base/bytes.ts';
import { CryptoError } from '../../crypto/port.ts';
import { find, findNotify, notify } from '../../wire/find.ts';
import type { KePayload, NotifyPayload, Payload } from '../../wire/payloads/types.ts';
import { NotifyType } from '../../wire/registry.ts';
import type { Child } from '../child.ts';
import { answerChild } from '../child-negotiation.ts';
import { installPair, isSucceeded, type NewPair } from '../children.ts';
import type { ChildConfig } from '../contract.ts';
import type { Core } from '../core.ts';
import type { IkeSa } from '../ike-sa.ts';
import { takeOver } from '../ike-takeover.ts';
import { lowerNonce } from '../parts/nonces.ts';
import { single } from '../parts/pick.ts';
import { proposalsFor } from '../parts/private-use.ts';
import { choose } from '../parts/proposals.ts';
import { NONCE_LENGTH } from './child-create.ts';
import { ChildRekey } from './child-rekey.ts';
import { childBySpiOut, makesChild } from './delete.ts';
import { IkeRekey, makeRekeyedSa } from './ike-rekey.ts';
import { noteSuite } from './sa-init.ts';

type Answer = readonly Payload[];
const say = (type: number): Answer => [notify(type)];

export function answerCreateChild(core: Core, sa: IkeSa, payloads: readonly Payload[]): Answer {
  const busy = sa.window.flight?.exchange;
  if (core.ending || core.retired || sa.replaced || sa !== core.current)
    return say(NotifyType.TEMPORARY_FAILURE);
  const wantsChild = find(payloads, 'TSi') !== undefined;
  if (!wantsChild) {
    const open = busy?.key ?? '';
    if (busy instanceof IkeRekey && busy.following) return say(NotifyType.TEMPORARY_FAILURE);
    // §2.25.2: a child exchange of ours that is open would end up on the wrong SA.
    if (/^(create|rekey|delete)-child/.test(open)) return say(NotifyType.TEMPORARY_FAILURE);
    return answerIkeRekey(core, sa, payloads, busy instanceof IkeRekey ? busy : undefined);
  }
  if (busy instanceof IkeRekey || core.peerFollowUps.has('ike')) return say(NotifyType.TEMPORARY_FAILURE);
  const rekey = findNotify(payloads, NotifyType.REKEY_SA);
  if (!rekey) return makeChild(core, sa, payloads, core.config.children);
  const old = rekey.spi.length === 4 ? childBySpiOut(core, readU32(rekey.spi, 0) as Spi32) : undefined;
  // A pair that we do not know may be the one that our open request makes.
  if (!old && makesChild(core)) return say(NotifyType.TEMPORARY_FAILURE);
  if (!old) return [notify(NotifyType.CHILD_SA_NOT_FOUND, new Uint8Array(0), rekey.protocol, rekey.spi)];
  const tooLate = busy instanceof ChildRekey && busy.id === old.id && busy.following;
  if (old.state === 'DELETING' || isSucceeded(core, old) || old.redundant || tooLate)
    return say(NotifyType.TEMPORARY_FAILURE);
  return makeChild(core, sa, payloads, [old.config], old);
}

/** Whether the answer needs a KE payload, and what comes of it. */
function exchangeKeys(
  core: Core,
  keMethod: number,
  ke: KePayload | undefined,
):
  | { readonly ok: true; readonly shared: Uint8Array | undefined; readonly payloads: Payload[] }
  | { readonly ok: false; readonly error: NotifyPayload } {
  if (keMethod === 0) return { ok: true, shared: undefined, payloads: [] };
  if (ke?.method !== keMethod) {
    const wanted = Uint8Array.of(keMethod >> 8, keMethod);
    return { ok: false, error: notify(NotifyType.INVALID_KE_PAYLOAD, wanted) };
  }
  try {
    const { publicValue, shared } = core.context.crypto.answerKeyExchange(
      keMethod,
      ke.data,
      core.context.random,
    );
    return { ok: true, shared, payloads: [{ kind: 'KE', method: keMethod, data: publicValue }] };
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    return { ok: false, error: notify(NotifyType.INVALID_SYNTAX) };
  }
}

function makeChild(
  core: Core,
  sa: IkeSa,
  payloads: readonly Payload[],
  configs: readonly ChildConfig[],
  old?: Child,
): Answer {
  const nonce = single(payloads, 'Nonce');
  if (!nonce) return say(NotifyType.INVALID_SYNTAX);
  const theirKe = single(payloads, 'KE');
  const answer = answerChild(core, payloads, configs, 'child', theirKe?.method ?? 0, old);
  if (!answer.ok) return [answer.error];
  const keys = exchangeKeys(core, answer.agreement.chosen.keMethod, theirKe);
  if (!keys.ok) return [keys.error];
  const ourNonce = core.context.random(NONCE_LENGTH);
  if (old)
    core.note('rekey', `the peer rekeys CHILD_SA ${old.config.name}`, 'info', {
      what: 'child',
      child: old.config.name,
      by: 'peer',
      done: true,
    });
  const nonces = { initiator: nonce.data, responder: ourNonce };
  const open = sa.window.flight?.exchange;
  const ours = old && open instanceof ChildRekey && open.id === old.id ? open : undefined;
  const lowest = lowerNonce(nonce.data, ourNonce);
  const said: Answer = [answer.sa, { kind: 'Nonce', data: ourNonce }, ...keys.payloads, ...answer.rest];
  const pair = {
    ...answer.agreement,
    narrowed: old?.narrowed ?? answer.agreement.narrowed,
    nonces,
    shared: keys.shared,
  };
  const methods = pair.chosen.additional;
  if (methods.length === 0 || !keys.shared) {
    const made = install(core, sa, pair, old);
    if (ours) ours.collision = { made, lowest };
    else supersede(core, old, made);
    return said;
  }
  const link = core.peerFollowUps.begin(core, {
    what: { kind: 'child', replaces: old?.id },
    sa,
    methods: [...methods],
    first: keys.shared,
    finish: (more) => {
      if (old && (!core.children.has(old.id) || old.state === 'DELETING' || isSucceeded(core, old)))
        return false;
      const made = install(core, sa, { ...pair, more }, old);
      if (ours && sa.window.flight?.exchange === ours) ours.collision = { made, lowest };
      else supersede(core, old, made);
      return true;
    },
  });
  if (!link) return say(NotifyType.TEMPORARY_FAILURE);
  if (ours) ours.collision = { made: undefined, lowest };
  return [...said, link];
}

/** Installs a pair that the peer asked for; gives its id. */
function install(
  core: Core,
  sa: IkeSa,
  pair: Omit<NewPair, 'initiator' | 'outbound' | 'replaces' | 'generation'>,
  old: Child | undefined,
): number {
  return installPair(core, sa, {
    ...pair,
    initiator: false,
    outbound: old ? 'later' : 'now',
    replaces: old,
    generation: old ? old.generation + 1 : 0,
  }).id;
}

function supersede(core: Core, old: Child | undefined, made: number): void {
  if (!old) return;
  old.successor = made;
  old.state = 'REKEYED';
  core.deadlines.clear(`child-rekey/${old.id}`);
}

function answerIkeRekey(
  core: Core,
  sa: IkeSa,
  payloads: readonly Payload[],
  ours: IkeRekey | undefined,
): Answer {
  const offered = single(payloads, 'SA');
  const nonce = single(payloads, 'Nonce');
  const ke = single(payloads, 'KE');
  if (!offered || !nonce || !ke) return say(NotifyType.INVALID_SYNTAX);
  const specs = proposalsFor(core, core.config.proposals);
  const chosen = choose(specs, offered, 'ike', 8, ke.method);
  if (!chosen) return say(NotifyType.NO_PROPOSAL_CHOSEN);
  const spiInitiator = toHex(chosen.spi) as IkeSpi;
  if (/^0+$/.test(spiInitiator)) return say(NotifyType.INVALID_SYNTAX);
  const keys = exchangeKeys(core, chosen.keMethod, ke);
  if (!keys.ok || !keys.shared) return keys.ok ? say(NotifyType.INVALID_SYNTAX) : [keys.error];
  const ourNonce = core.context.random(NONCE_LENGTH);
  const spiResponder = core.freshIkeSpi();
  const nonces = { initiator: nonce.data, responder: ourNonce };
  core.setState('REKEYING');
  core.note('rekey', 'the peer rekeys the IKE SA', 'info', { what: 'ike', by: 'peer', done: true });
  const { shared } = keys;
  const lowest = lowerNonce(nonce.data, ourNonce);
  const finish = (more: readonly Uint8Array[]): void => {
    const made = makeRekeyedSa(core, sa, false, spiInitiator, spiResponder, chosen, nonces, shared, more);
    if (ours && sa.window.flight?.exchange === ours) ours.collision = { made, lowest };
    else {
      noteSuite(core, chosen);
      takeOver(core, sa, made, true);
    }
  };
  const said: Answer = [
    { kind: 'SA', proposals: [{ ...chosen.proposal, spi: fromHex(spiResponder) }] },
    { kind: 'Nonce', data: ourNonce },
    ...keys.payloads,
  ];
  if (chosen.additional.length === 0) {
    finish([]);
    return said;
  }
  const link = core.peerFollowUps.begin(core, {
    what: { kind: 'ike' },
    sa,
    methods: [...chosen.additional],
    first: shared,
    finish: (more) => {
      finish(more);
      return true;
    },
  });
  if (!link) return say(NotifyType.TEMPORARY_FAILURE);
  if (ours) ours.collision = { made: undefined, lowest };
  return [...said, link];
}

/** IKE_FOLLOWUP_KE as responder (RFC 9370 §2.2.4). */
export function answerFollowUp(core: Core, sa: IkeSa, payloads: readonly Payload[]): Answer {
  if (core.ending || sa.replaced || sa !== core.current) return say(NotifyType.STATE_NOT_FOUND);
  return core.peerFollowUps.answer(core, sa, payloads);
}
