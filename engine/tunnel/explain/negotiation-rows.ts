/** Both ends speak, and do not agree: algorithms, selectors, addresses, rules of the protocol. */
import { printProposal } from '../../crypto/proposals.ts';
import { keyExchangeName } from '../../crypto/suites.ts';
import { isKeyExchangeKind } from '../../crypto/transform-kinds.ts';
import type { ChildConfig } from '../../ike/contract.ts';
import { selectorText } from '../selector-text.ts';
import type { Known, Row } from './row.ts';

const ikeOffer = ({ plan }: Known): string => plan.ike.proposals.map(printProposal).join(', ');

const espOffer = ({ plan }: Known): string =>
  [...new Set(plan.children.flatMap((child) => child.proposals.map(printProposal)))].join(', ');

/** Key exchanges of the children's own proposals: perfect forward secrecy. */
const pfs = ({ plan }: Known): string[] => [
  ...new Set(
    plan.children.flatMap((child) =>
      child.proposals.flatMap(({ transforms }) =>
        transforms
          .filter(({ type, id }) => isKeyExchangeKind(type) && id !== 0)
          .map(({ id }) => keyExchangeName(id)),
      ),
    ),
  ),
];

const sideText = (side: ChildConfig['remote']): string =>
  side.map((one) => (one === 'dynamic' ? 'our address' : selectorText(one))).join(', ');

const selectors = ({ plan }: Known): string =>
  plan.children
    .map(({ name, local, remote }) => `${name}: ${sideText(local)} to ${sideText(remote)}`)
    .join('; ');

const ADMINISTRATOR = 'Ask your administrator';

export const NEGOTIATION_ROWS: readonly Row[] = [
  {
    id: 'ike-proposal-none-works-here',
    codes: ['NO_PROPOSAL_CHOSEN'],
    phases: ['local'],
    advice: () => ['Leave ike.proposals out of the profile for the defaults.'],
  },
  {
    id: 'ike-proposal',
    codes: ['NO_PROPOSAL_CHOSEN'],
    phases: ['IKE_SA_INIT'],
    adds: (known) => `offered were ${ikeOffer(known)}`,
    advice: () => [
      `${ADMINISTRATOR} which algorithms the gateway takes for IKE, and set ike.proposals to them.`,
      'Leave ike.proposals out of the profile, so that all that is safe is offered.',
      'If the gateway is an old one, try the preset "legacy" or "windows" with "allowLegacy": true.',
    ],
  },
  {
    id: 'esp-proposal',
    codes: ['NO_PROPOSAL_CHOSEN'],
    phases: ['IKE_AUTH'],
    adds: (known) => `offered for ESP were ${espOffer(known)}`,
    advice: () => [
      `${ADMINISTRATOR} which algorithms the gateway takes for ESP, and set esp.proposals to them.`,
      'Leave esp.proposals out of the profile, so that all that is safe is offered.',
    ],
  },
  {
    id: 'pfs-mismatch',
    codes: ['NO_PROPOSAL_CHOSEN', 'INVALID_KE_PAYLOAD'],
    phases: ['CREATE_CHILD_SA', 'established'],
    only: (known) => pfs(known).length > 0,
    adds: (known) => `the profile asks for perfect forward secrecy with ${pfs(known).join(', ')}`,
    advice: (known) => [
      `The gateway does not agree to that key exchange at rekeying, although the first keys worked: add the gateway's to esp.proposals, or take ${pfs(known).join(', ')} out of them.`,
    ],
  },
  {
    id: 'pfs-demanded',
    codes: ['NO_PROPOSAL_CHOSEN', 'INVALID_KE_PAYLOAD'],
    phases: ['CREATE_CHILD_SA', 'established'],
    only: (known) => pfs(known).length === 0,
    adds: (known) => `offered for ESP were ${espOffer(known)}`,
    advice: () => [
      'The gateway may demand perfect forward secrecy when it rekeys: add its key exchange, such as x25519 or modp2048, to esp.proposals.',
    ],
  },
  {
    id: 'rehearsal',
    codes: [
      'NO_PROPOSAL_CHOSEN',
      'INVALID_KE_PAYLOAD',
      'NO_ADDITIONAL_SAS',
      'TS_UNACCEPTABLE',
      'INVALID_SYNTAX',
    ],
    checks: ['rehearsal'],
    adds: () =>
      'this was a rehearsal: the tunnel works with its first keys, and would be made anew when they are old',
    advice: () => [
      'The rehearsal can be left out with esp.rehearsal, but the rekey it stands for will come.',
    ],
  },
  {
    id: 'key-exchange',
    codes: ['INVALID_KE_PAYLOAD'],
    phases: ['IKE_SA_INIT', 'IKE_AUTH'],
    adds: (known) => `offered were ${ikeOffer(known)}`,
    advice: () => [
      'Add the key exchange that the gateway wants to ike.proposals, or leave ike.proposals out.',
    ],
  },
  {
    id: 'selectors',
    codes: ['TS_UNACCEPTABLE'],
    adds: (known) => `asked for was ${selectors(known)}`,
    advice: ({ plan }) => [
      `${ADMINISTRATOR} which networks the gateway gives you, and set children.NAME.remote to them.`,
      ...(plan.ike.virtualIp.ipv4 || plan.ike.virtualIp.ipv6
        ? [
            'Add "dynamic" to children.NAME.local, for the address that the gateway gives us, if it is not there.',
          ]
        : ['The gateway may give networks only to those who ask for a virtual address: set virtualIp.']),
      'Leave children out of the profile to ask for everything: the gateway narrows it.',
    ],
  },
  {
    id: 'no-address',
    codes: ['INTERNAL_ADDRESS_FAILURE'],
    adds: ({ plan }) =>
      `asked for was an address of ${[plan.ike.virtualIp.ipv4 && 'IPv4', plan.ike.virtualIp.ipv6 && 'IPv6'].filter(Boolean).join(' and ')}`,
    advice: ({ plan }) => [
      'All addresses of the gateway may be in use: try again later, and tell whoever runs it.',
      plan.ike.virtualIp.ipv4 && plan.ike.virtualIp.ipv6
        ? 'The gateway may have addresses of one family alone: switch virtualIp.ipv6 or virtualIp.ipv4 off.'
        : 'The gateway may have addresses of the other family alone: change virtualIp.',
      'The gateway may give no addresses to clients at all: switch virtualIp off.',
    ],
  },
  {
    id: 'address-demanded',
    codes: ['FAILED_CP_REQUIRED'],
    advice: () => ['Set virtualIp.ipv4 or virtualIp.ipv6 in the profile.'],
  },
  {
    id: 'no-additional-sas',
    codes: ['NO_ADDITIONAL_SAS'],
    advice: ({ plan }) => [
      plan.children.length > 1
        ? 'The gateway takes one tunnel a connection: put all networks into one entry of children.'
        : 'The gateway cannot rekey this connection: connect again, and tell whoever runs it.',
    ],
  },
  {
    id: 'single-pair',
    codes: ['SINGLE_PAIR_REQUIRED'],
    adds: (known) => `asked for was ${selectors(known)}`,
    advice: () => ['Set children.NAME.local and children.NAME.remote to a single address each.'],
  },
  {
    id: 'temporary',
    codes: ['TEMPORARY_FAILURE', 'CHILD_SA_NOT_FOUND'],
    advice: () => ['Wait a moment: it is tried again by itself. If it stays, take the tunnel down and up.'],
  },
  {
    id: 'not-ikev2',
    codes: ['INVALID_MAJOR_VERSION'],
    advice: () => [
      'The gateway speaks IKEv1 alone, or is no VPN gateway: check gateway.hosts with your administrator.',
    ],
  },
  {
    id: 'not-understood',
    codes: ['INVALID_SYNTAX', 'UNSUPPORTED_CRITICAL_PAYLOAD', 'PROTOCOL_ERROR', 'PEER_ERROR'],
    only: ({ plan }) => plan.ike.ppk === undefined,
    advice: ({ plan }) => [
      ...(plan.ike.localAuth.kind === 'psk'
        ? ['With a wrong shared secret some gateways answer so: compare it with that of the gateway.']
        : []),
      'Update the gateway, and tell whoever runs it: its log says what it could not read.',
      'Send the diagnosis of this connection to your administrator.',
    ],
  },
  {
    id: 'not-understood-with-ppk',
    codes: ['INVALID_SYNTAX', 'UNSUPPORTED_CRITICAL_PAYLOAD', 'PROTOCOL_ERROR', 'PEER_ERROR'],
    only: ({ plan }) => plan.ike.ppk !== undefined,
    advice: () => [
      'The gateway may not know post-quantum pre-shared keys (RFC 8784): try without ike.ppk.',
      'Update the gateway, and tell whoever runs it: its log says what it could not read.',
    ],
  },
];
