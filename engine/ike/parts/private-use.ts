/**
 * Transform numbers of private use (1024 and above, RFC 7296 §3.3.2) mean nothing without knowing whose they are: those
 * of the registry are strongSwan's. Its vendor ID goes with an offer that has one, and a responder takes one only from a
 * peer that sent it (§3.12), so that another vendor's number is never mistaken for it.
 */
import { equalBytes, fromHex } from '../../base/bytes.ts';
import type { ProposalSpec, TransformSpec } from '../../crypto/proposals.ts';
import type { Payload } from '../../wire/payloads/types.ts';
import type { Core } from '../core.ts';
import { supported } from './usable-proposals.ts';

/** MD5 of `strongSwan`. */
const STRONGSWAN = fromHex('882fe56d6fd20dbc2251613b2ebe5beb');
const FIRST_PRIVATE = 1024;

const isPrivate = (t: TransformSpec): boolean => t.id >= FIRST_PRIVATE;
const hasPrivate = (specs: readonly ProposalSpec[]): boolean =>
  specs.some(({ transforms }) => transforms.some(isPrivate));

/** The payload for IKE_SA_INIT, where the configuration names such a number. */
export const vendorPayloads = ({ config }: Core): Payload[] =>
  hasPrivate([...config.proposals, ...config.children.flatMap((child) => child.proposals)])
    ? [{ kind: 'Vendor', data: STRONGSWAN }]
    : [];

/** Whether the peer means the same by them. */
export const knowsPrivate = (payloads: readonly Payload[]): boolean =>
  payloads.some((p) => p.kind === 'Vendor' && equalBytes(p.data, STRONGSWAN));

/**
 * What of configured proposals may be offered to this peer, or accepted from it.
 * @param additional whether additional key exchanges can be run with it
 */
export const proposalsFor = (
  core: Core,
  specs: readonly ProposalSpec[],
  additional = true,
): readonly ProposalSpec[] =>
  supported(core.privateUse ? specs : specs.flatMap(withoutPrivate), core.context.crypto, additional);

/** Nothing when a type that is asked for is left without a number. */
function withoutPrivate(spec: ProposalSpec): ProposalSpec[] {
  const transforms = spec.transforms.filter((t) => !isPrivate(t));
  return spec.transforms.every(({ type }) => transforms.some((t) => t.type === type))
    ? [{ ...spec, transforms }]
    : [];
}
