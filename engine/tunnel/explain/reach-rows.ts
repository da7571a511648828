/** Nobody answers, or nobody answers any more. */
import { ENCAPSULATED_PORT } from '../candidates.ts';
import type { Known, Row } from './row.ts';

const LOG_IN =
  'If this network wants you to log in first (hotel, train), do that in a browser and try again.';
const OTHER_NETWORK = "Try another network, such as a phone's, to see whether this one is to blame.";

const ports = ({ tried, plan }: Known): string => {
  const used = new Set(tried.length > 0 ? tried.map(({ port }) => port) : [plan.port]);
  return [...used].map((port) => `UDP port ${port}`).join(' and ');
};

const addresses = ({ tried }: Known): string => [...new Set(tried.map(({ address }) => address))].join(', ');

/** CERT payloads of ours, in octets. */
const certificateOctets = ({ plan }: Known): number =>
  plan.ike.localAuth.kind === 'pubkey'
    ? plan.ike.localAuth.chain.reduce((sum, der) => sum + der.length + 5, 0)
    : 0;

/** What else an IKE_AUTH request holds fits below that. */
const LARGE_AUTH = 700;

export const REACH_ROWS: readonly Row[] = [
  {
    id: 'name-not-found',
    codes: ['NAME_NOT_FOUND'],
    advice: ({ plan }) => [
      `Check the spelling of ${plan.hosts.join(', ')} in gateway.hosts.`,
      'Check that this computer is on the Internet: can a browser open other sites?',
      LOG_IN,
      'If the name exists only inside the network that you connect to, set gateway.hosts to the address.',
    ],
  },
  {
    id: 'network-unreachable',
    codes: ['NETWORK_UNREACHABLE'],
    advice: () => [
      'Check that this computer is on the Internet.',
      'Check that no other VPN takes all routes.',
    ],
  },
  {
    id: 'init-no-answer',
    codes: ['NO_ANSWER'],
    phases: ['IKE_SA_INIT'],
    adds: (known) => `tried ${addresses(known) || 'nothing'} at ${ports(known)}`,
    advice: (known) => [
      `This network blocks ${ports(known)}. ${OTHER_NETWORK}`,
      `${known.plan.hosts.join(', ')} is not the gateway, or the gateway is down: check gateway.hosts with your administrator.`,
      LOG_IN,
    ],
  },
  {
    id: 'auth-no-answer-large',
    codes: ['NO_ANSWER'],
    phases: ['IKE_AUTH'],
    only: (known) => certificateOctets(known) > LARGE_AUTH && known.view?.fragmentation !== true,
    adds: (known) =>
      `the request has ${certificateOctets(known)} octets of certificates, and IKE fragmentation is ${known.plan.ike.fragmentation.enabled ? 'not supported by the gateway' : 'off'}`,
    advice: ({ plan }) => [
      plan.ike.fragmentation.enabled
        ? 'IP fragments are dropped on the way: ask whoever runs the gateway to switch on IKE fragmentation (RFC 7383), or use an ECDSA certificate, which is smaller.'
        : 'IP fragments are dropped on the way: set "fragmentation": { "enabled": true } in the profile.',
    ],
  },
  {
    id: 'auth-no-answer',
    codes: ['NO_ANSWER'],
    phases: ['IKE_AUTH'],
    adds: () => 'the gateway answered IKE_SA_INIT before',
    advice: ({ plan, view }) => [
      `This network blocks UDP port ${ENCAPSULATED_PORT}, or lets only small packets through. ${OTHER_NETWORK}`,
      view?.fragmentation
        ? `Fragments are lost on the way: set a smaller "fragmentation": { "size": 576 } in the profile (now ${plan.ike.fragmentation.sizes[0]}).`
        : 'Large messages are lost on the way, in either direction: its answer holds the certificates of the gateway. Ask whoever runs it to switch on IKE fragmentation (RFC 7383).',
      'The gateway drops requests of users that it does not know: check local.id with your administrator.',
    ],
  },
  {
    id: 'too-late',
    codes: ['NO_ANSWER'],
    phases: ['local', 'CREATE_CHILD_SA', 'established', 'host'],
    advice: ({ plan }) => [
      'Try again: the network, or the gateway, is slow.',
      `Allow more time: "patience" is ${Math.round(plan.patience / 1000)}s in the profile.`,
    ],
  },
  {
    id: 'peer-gone',
    codes: ['PEER_GONE'],
    advice: ({ plan }) => [
      plan.dpdAction === 'restart'
        ? 'Wait: the tunnel connects again by itself.'
        : 'Connect again; "dpd": { "action": "restart" } in the profile does it by itself.',
      'Check that this computer is still on the Internet: did it change its network?',
      'If it happens after some idle minutes, a NAT forgets us: set a shorter "keepalive" in the profile.',
    ],
  },
  {
    id: 'redirected',
    codes: ['REDIRECTED'],
    advice: () => ['Connect again: the gateway named another one that takes its place.'],
  },
  {
    id: 'redirect-loop',
    codes: ['REDIRECT_REFUSED'],
    checks: ['loop'],
    advice: () => [
      'Ask whoever runs the gateways: they send clients to and fro without end.',
      'Set "followRedirects": false under gateway to stay with the gateway that you named.',
    ],
  },
  {
    id: 'redirect-refused',
    codes: ['REDIRECT_REFUSED'],
    checks: ['untrusted', 'off'],
    advice: ({ plan }, { check }) => [
      check === 'off'
        ? 'If that gateway is one of yours, take "followRedirects": false out of the profile, or name it in gateway.hosts.'
        : 'If that gateway is one of yours, name it in gateway.redirectTo: a host name, *.example.org, an address or a network.',
      `Somebody on the way may have said so in the name of ${plan.hosts[0] ?? 'the gateway'}: try another network.`,
    ],
  },
  {
    id: 'peer-deleted-during-auth',
    codes: ['PEER_DELETED'],
    phases: ['IKE_AUTH', 'IKE_SA_INIT'],
    advice: () => ['Ask whoever runs the gateway why it ended the connection: its log says so.'],
  },
  {
    id: 'peer-deleted',
    codes: ['PEER_DELETED'],
    phases: ['established', 'CREATE_CHILD_SA', 'local', 'host', 'resolve'],
    advice: () => [
      'The gateway was restarted, or somebody there ended the connection: connect again.',
      'The same user connected from another machine, and the gateway allows one connection each.',
      'The gateway limits the time of a session or ends idle ones: ask whoever runs it.',
    ],
  },
  {
    id: 'lifetime-expired',
    codes: ['LIFETIME_EXPIRED'],
    advice: () => [
      'Rekeying did not succeed in time: see in the log why, and connect again.',
      'Check that ike.lifetime and esp.lifetime are not shorter than a few minutes.',
    ],
  },
];
