/** Childless initiation (RFC 6023): IKE_AUTH without a CHILD_SA, so that the first one has a key exchange of its own. */
import type { Failure } from '../../base/failure.ts';
import { find, findNotify, notify } from '../../wire/find.ts';
import type { NotifyPayload, Payload } from '../../wire/payloads/types.ts';
import { NotifyType } from '../../wire/registry.ts';
import type { ChildConfig } from '../contract.ts';
import type { Core } from '../core.ts';
import { failure } from './failures.ts';

/** What a responder says in IKE_SA_INIT (§3); only responders say it. */
export const childlessNotify = ({ config }: Core): NotifyPayload[] =>
  config.childless === 'never' ? [] : [notify(NotifyType.CHILDLESS_IKEV2_SUPPORTED)];

const takesChildless = (payloads: readonly Payload[]): boolean =>
  findNotify(payloads, NotifyType.CHILDLESS_IKEV2_SUPPORTED) !== undefined;

/** Why an initiator that insists cannot go on with what IKE_SA_INIT answered. */
export function noChildless({ config }: Core, payloads: readonly Payload[]): Failure | undefined {
  if (config.childless !== 'force' || takesChildless(payloads)) return undefined;
  const text = 'the gateway does not take a connection without a first CHILD_SA (CHILDLESS_IKEV2_SUPPORTED)';
  return failure('NOT_SUPPORTED', 'IKE_SA_INIT', text, false);
}

/** The child that comes with IKE_AUTH, `undefined` when all of them come after it. */
export function childWithAuth({ config }: Core, payloads: readonly Payload[]): ChildConfig | undefined {
  const wanted = config.childless === 'force' || config.childless === 'prefer';
  return wanted && takesChildless(payloads) ? undefined : config.children[0];
}

/** Why a responder refuses IKE_AUTH for having a child, or for lacking one. */
export function childlessRefusal({ config }: Core, payloads: readonly Payload[]): Failure | undefined {
  const child = find(payloads, 'SA') !== undefined;
  const text =
    config.childless === 'force' && child
      ? 'the peer asks for a CHILD_SA in IKE_AUTH, where it comes after it'
      : config.childless === 'never' && !child
        ? 'the peer asks for no CHILD_SA in IKE_AUTH'
        : undefined;
  return text === undefined ? undefined : failure('INVALID_SYNTAX', 'IKE_AUTH', text, true);
}
