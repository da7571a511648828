/**
 * Post-quantum pre-shared keys (RFC 8784). Both sides say USE_PPK in IKE_SA_INIT; the PPK then goes into SK_d, SK_pi and
 * SK_pr, so that AUTH proves it and every later key depends on it. Rekeys inherit it through SK_d. Where it is
 * optional the initiator adds the AUTH that it would send without one (NO_PPK_AUTH).
 */
import { concat, equalConstantTime, wipe } from '../base/bytes.ts';
import type { Failure } from '../base/failure.ts';
import { prfPlus } from '../crypto/prf-plus.ts';
import { findNotify, notify } from '../wire/find.ts';
import type { AuthPayload, NotifyPayload, Payload } from '../wire/payloads/types.ts';
import { NotifyType } from '../wire/registry.ts';
import type { Core } from './core.ts';
import type { Handshake, PpkKeys } from './handshake.ts';
import type { IkeSa } from './ike-sa.ts';
import { failure } from './parts/failures.ts';

/** PPK_ID types (§5.1): fixed ones name a key that both sides hold. */
const PPK_ID_FIXED = 2;

export const offerPpk = (core: Core): NotifyPayload[] =>
  core.config.ppk ? [notify(NotifyType.USE_PPK)] : [];

const refuse = (text: string, authenticated: boolean): Failure =>
  failure('PPK_REQUIRED', 'IKE_AUTH', text, authenticated);

/** SK_d, SK_pi and SK_pr with the PPK in them: prf+(PPK, SK_x) (§3). */
function mix(core: Core, sa: IkeSa, handshake: Handshake, id: Uint8Array): PpkKeys | undefined {
  const secret = core.config.ppk?.secret(id);
  const { crypt } = sa;
  if (!secret || !crypt) return undefined;
  const stretch = (key: Uint8Array): Uint8Array =>
    prfPlus(core.context.crypto, crypt.prf, secret.expose(), key.length, key);
  return {
    skD: stretch(crypt.skD),
    ourSkP: stretch(handshake.ourSkP),
    peerSkP: stretch(handshake.peerSkP),
  };
}

/** Whether the peer uses no PPK where one is demanded: known before IKE_AUTH. */
export const missingPpk = ({ handshake, config: { ppk } }: Core): Failure | undefined =>
  ppk?.required && handshake && !handshake.peerUsesPpk
    ? refuse('the gateway does not use a post-quantum pre-shared key, which is demanded here', false)
    : undefined;

/** Before our AUTH: mixes our PPK in when the peer takes one. The failure when it must and does not. */
export function beginPpk(core: Core, sa: IkeSa): Failure | undefined {
  const { handshake } = core;
  const { ppk } = core.config;
  if (!handshake || !ppk) return undefined;
  if (handshake.peerUsesPpk) handshake.ppk = mix(core, sa, handshake, ppk.id);
  if (handshake.ppk || !ppk.required) return undefined;
  return (
    missingPpk(core) ??
    failure('LOCAL_CREDENTIALS', 'local', 'the post-quantum pre-shared key has no secret', true)
  );
}

/** What goes with our AUTH: which PPK it is made with, and the proof without one where that is enough for us. */
export function ppkPayloads(core: Core, without: AuthPayload | undefined): NotifyPayload[] {
  const { ppk } = core.config;
  if (!ppk || !core.handshake?.ppk) return [];
  const identity = concat(Uint8Array.of(PPK_ID_FIXED), ppk.id);
  return [
    notify(NotifyType.PPK_IDENTITY, identity),
    ...(without ? [notify(NotifyType.NO_PPK_AUTH, without.data)] : []),
  ];
}

/** The gateway's answer: whether it has mixed the PPK in. What then counts is in `handshake.ppk`. */
export function readPpkAnswer(core: Core, payloads: readonly Payload[]): Failure | undefined {
  const { handshake } = core;
  const used = findNotify(payloads, NotifyType.PPK_IDENTITY) !== undefined;
  if (!handshake || used === (handshake.ppk !== undefined)) return undefined;
  if (used)
    return failure('PROTOCOL_ERROR', 'IKE_AUTH', 'the gateway uses a PPK that was not agreed on', false);
  dropPpk(handshake);
  return core.config.ppk?.required
    ? refuse('the gateway does not hold the post-quantum pre-shared key', false)
    : undefined;
}

/**
 * As responder: what of a request counts (the table of §3). Mixes the PPK in when the peer names ours, and otherwise
 * puts the proof without PPK in the place of AUTH.
 */
export function readPpkRequest(
  core: Core,
  sa: IkeSa,
  payloads: readonly Payload[],
):
  | { readonly ok: true; readonly payloads: readonly Payload[] }
  | { readonly ok: false; readonly failure: Failure } {
  const { handshake } = core;
  const { ppk } = core.config;
  if (!handshake) return { ok: true, payloads };
  const named = findNotify(payloads, NotifyType.PPK_IDENTITY);
  const without = findNotify(payloads, NotifyType.NO_PPK_AUTH);
  if (handshake.peerUsesPpk && ppk && named) {
    const id = named.data.subarray(1);
    if (named.data[0] === PPK_ID_FIXED && equalConstantTime(id, ppk.id))
      handshake.ppk = mix(core, sa, handshake, id);
    if (handshake.ppk) return { ok: true, payloads };
  }
  const text = named
    ? 'the peer uses a post-quantum pre-shared key that is not known here'
    : 'the peer uses no post-quantum pre-shared key, which is demanded here';
  if (ppk?.required || (named && !without)) return { ok: false, failure: refuse(text, false) };
  if (!named || !without) return { ok: true, payloads };
  return {
    ok: true,
    payloads: payloads.map((p) => (p.kind === 'AUTH' ? { ...p, data: without.data } : p)),
  };
}

/** Both sides are proven with the PPK: SK_d has it from now on, before anything is derived from it. */
export function adoptPpk(core: Core, sa: IkeSa): void {
  const mixed = core.handshake?.ppk;
  if (!core.config.ppk) return;
  core.note(
    'auth',
    `${mixed ? 'a' : 'no'} post-quantum pre-shared key is in the keys`,
    mixed ? 'info' : 'warn',
  );
  if (!mixed || !sa.crypt) return;
  wipe(sa.crypt.skD);
  sa.crypt = { ...sa.crypt, skD: mixed.skD.slice() };
  core.ppkInUse = true;
}

export function dropPpk(handshake: Handshake | undefined): void {
  if (!handshake?.ppk) return;
  wipe(handshake.ppk.skD, handshake.ppk.ourSkP, handshake.ppk.peerSkP);
  handshake.ppk = undefined;
}
