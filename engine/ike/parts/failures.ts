/** Protocol failures as typed reasons that can be explained to a person. */
import { FAILURES, type Failure, type FailureCode, type Phase } from '../../base/failure.ts';
import { formatIp } from '../../base/ip.ts';
import type { NotifyPayload } from '../../wire/payloads/types.ts';
import { IdType, NotifyType } from '../../wire/registry.ts';
import type { Identity, Path } from '../contract.ts';
import { notifyName } from './pick.ts';

export function failure(code: FailureCode, phase: Phase, message: string, authenticated: boolean): Failure {
  return { code, phase, message, authenticated };
}

const SAID: Readonly<Record<number, string>> = {
  [NotifyType.NO_PROPOSAL_CHOSEN]: 'accepts none of the algorithms that were offered',
  [NotifyType.INVALID_KE_PAYLOAD]: 'wants another key exchange method',
  [NotifyType.AUTHENTICATION_FAILED]: 'did not accept our identity or credentials',
  [NotifyType.TS_UNACCEPTABLE]: 'accepts none of the traffic selectors that were offered',
  [NotifyType.INTERNAL_ADDRESS_FAILURE]: 'has no virtual address to give',
  [NotifyType.FAILED_CP_REQUIRED]: 'demands that a virtual address be asked for',
  [NotifyType.NO_ADDITIONAL_SAS]: 'allows no further SAs',
  [NotifyType.SINGLE_PAIR_REQUIRED]: 'demands selectors for a single pair of addresses',
  [NotifyType.INVALID_SYNTAX]: 'could not read our message',
  [NotifyType.INVALID_MAJOR_VERSION]: 'does not speak IKEv2',
  [NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD]: 'does not know a payload that we need',
  [NotifyType.TEMPORARY_FAILURE]: 'cannot do this just now',
  [NotifyType.CHILD_SA_NOT_FOUND]: 'does not know the CHILD_SA',
  [NotifyType.STATE_NOT_FOUND]: 'has forgotten the additional key exchanges that were under way',
};

/** A refusal by notify; names that are failure codes too keep their name, others become PEER_ERROR. */
export function refusal(error: NotifyPayload, phase: Phase, authenticated: boolean): Failure {
  const name = notifyName(error.type);
  const code = (name in FAILURES ? name : 'PEER_ERROR') as FailureCode;
  const said = SAID[error.type] ?? `answered with error ${name}`;
  return { code, phase, message: `the gateway ${said} (${name})`, authenticated };
}

export const endpointText = (path: Path | undefined): string => {
  if (!path) return 'the peer';
  const { address, port } = path.remote;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
};

/** For messages: `gw.example`, `192.0.2.1`, or type and octets in hex. */
export function identityText(identity: Identity): string {
  const { idType, data } = identity;
  if (idType === IdType.FQDN || idType === IdType.RFC822_ADDR) return printable(data);
  if (
    (idType === IdType.IPV4_ADDR && data.length === 4) ||
    (idType === IdType.IPV6_ADDR && data.length === 16)
  )
    return formatIp(data);
  const hex = Array.from(data.subarray(0, 64), (b) => b.toString(16).padStart(2, '0')).join('');
  return `${idType === IdType.DER_ASN1_DN ? 'DN' : idType === IdType.KEY_ID ? 'key id' : `type ${idType}`} ${hex}`;
}

const printable = (data: Uint8Array): string =>
  Array.from(data.subarray(0, 255), (b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '?')).join('');
