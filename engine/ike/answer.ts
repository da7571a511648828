/** The peer's authentic requests, by exchange type. Each gets exactly one answer, now or when a verdict is there. */
import { findAll, findError, notify } from '../wire/find.ts';
import type { Payload } from '../wire/payloads/types.ts';
import { Exchange as ExchangeType, NotifyType, Protocol } from '../wire/registry.ts';
import type { Core } from './core.ts';
import { answerAuth } from './exchanges/auth-answer.ts';
import { answerCreateChild, answerFollowUp } from './exchanges/create-child-answer.ts';
import { answerDeletes } from './exchanges/delete.ts';
import { IkeRekey } from './exchanges/ike-rekey.ts';
import { answerIntermediate } from './exchanges/intermediate.ts';
import { answerMobike } from './exchanges/mobike.ts';
import { redirectedLater } from './exchanges/redirect.ts';
import type { IkeSa } from './ike-sa.ts';
import { retireSa, takeOver } from './ike-takeover.ts';
import { endNow } from './lifecycle.ts';
import { readAuthLifetime } from './parts/auth-lifetime.ts';
import { failure, refusal } from './parts/failures.ts';
import { notifyName } from './parts/pick.ts';
import { readInvalidSpi } from './suspicion.ts';

const ACTED_UPON: ReadonlySet<number> = new Set([
  NotifyType.AUTH_LIFETIME,
  NotifyType.UPDATE_SA_ADDRESSES,
  NotifyType.ADDITIONAL_IP4_ADDRESS,
  NotifyType.ADDITIONAL_IP6_ADDRESS,
  NotifyType.NO_ADDITIONAL_ADDRESSES,
  NotifyType.COOKIE2,
  NotifyType.REDIRECT,
  NotifyType.INVALID_SPI,
  NotifyType.NAT_DETECTION_SOURCE_IP,
  NotifyType.NAT_DETECTION_DESTINATION_IP,
]);

type Respond = (answer: readonly Payload[]) => void;

/** @param payloads `undefined` when the authentic inside could not be read */
export function answerRequest(
  core: Core,
  sa: IkeSa,
  exchange: number,
  payloads: readonly Payload[] | undefined,
  respond: Respond,
): void {
  if (!payloads) {
    // Authentic and yet unreadable: the two do not understand each other, which is fatal (RFC 7296 §2.21.3).
    respond([notify(NotifyType.INVALID_SYNTAX)]);
    endNow(core, failure('INVALID_SYNTAX', 'established', "the peer's request cannot be read", true));
    return;
  }
  switch (exchange) {
    case ExchangeType.IKE_AUTH:
    case ExchangeType.IKE_INTERMEDIATE:
      if (core.establishedAt !== undefined || core.ending || sa.initiator)
        respond([notify(NotifyType.INVALID_SYNTAX)]);
      // IKE_AUTH before all keys are in place is none (RFC 9370 §2.2.2).
      else if (exchange === ExchangeType.IKE_INTERMEDIATE || core.handshake?.additional.length)
        answerIntermediate(core, sa, payloads, respond);
      else answerAuth(core, sa, payloads, respond);
      return;
    case ExchangeType.CREATE_CHILD_SA:
      respond(
        core.establishedAt === undefined
          ? [notify(NotifyType.INVALID_SYNTAX)]
          : answerCreateChild(core, sa, payloads),
      );
      return;
    case ExchangeType.IKE_FOLLOWUP_KE:
      respond(
        core.establishedAt === undefined
          ? [notify(NotifyType.INVALID_SYNTAX)]
          : answerFollowUp(core, sa, payloads),
      );
      return;
    case ExchangeType.INFORMATIONAL:
      answerInformational(core, sa, payloads, respond);
      return;
    default:
      respond([notify(NotifyType.INVALID_SYNTAX)]);
  }
}

function answerInformational(core: Core, sa: IkeSa, payloads: readonly Payload[], respond: Respond): void {
  const error = findError(payloads);
  if (core.establishedAt === undefined) {
    respond([]);
    // The peer gave up between two rounds of EAP, or its user did.
    if (core.eapAnswer && error) endNow(core, refusal(error, 'IKE_AUTH', true));
    else if (core.eapAnswer && findAll(payloads, 'Delete').some((d) => d.protocol === Protocol.IKE))
      endNow(core, failure('PEER_DELETED', 'IKE_AUTH', 'the peer called its authentication off', true));
    return;
  }
  if (error?.type === NotifyType.AUTHENTICATION_FAILED || error?.type === NotifyType.INVALID_SYNTAX) {
    respond([]);
    endNow(core, refusal(error, 'established', true));
    return;
  }
  for (const n of findAll(payloads, 'Notify'))
    if (!ACTED_UPON.has(n.type)) core.note('message', `${notifyName(n.type)} is not acted upon`, 'debug');
  readAuthLifetime(core, payloads);
  redirectedLater(core, payloads);
  readInvalidSpi(core, payloads);
  const moved = answerMobike(core, sa, payloads);
  const { payloads: answer, ike } = answerDeletes(core, findAll(payloads, 'Delete'));
  respond([...moved, ...answer]);
  if (ike) deleted(core, sa);
}

/** The peer deleted this IKE SA: the session's end only when no other SA has taken over (§2.25.2). */
function deleted(core: Core, sa: IkeSa): void {
  const open = sa.window.flight?.exchange;
  const rival = open instanceof IkeRekey ? open.collision?.made : undefined;
  if (sa === core.current && rival && !rival.gone) takeOver(core, sa, rival, false);
  if (sa !== core.current) {
    retireSa(core, sa);
    return;
  }
  endNow(core, failure('PEER_DELETED', 'established', 'the gateway ended the connection', true));
}
