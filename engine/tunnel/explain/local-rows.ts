/** This machine, not the peer: interface, ports, routes, what this build cannot do. */
import type { Row } from './row.ts';

const LOG = 'See `culvert log` for the details.';

export const LOCAL_ROWS: readonly Row[] = [
  {
    id: 'tun',
    codes: ['TUN_UNAVAILABLE'],
    advice: ({ plan }) => [
      'Run the engine as the system service: only that may make network interfaces.',
      `Check that no other program uses the interface name "${plan.interface}".`,
      'On Linux, check that the module tun is there: `modprobe tun`.',
    ],
  },
  {
    id: 'udp',
    codes: ['UDP_UNAVAILABLE'],
    advice: () => ['Another VPN program may hold the UDP ports: end it, and try again.'],
  },
  {
    id: 'host',
    codes: ['HOST_CONFIGURATION'],
    advice: () => [
      'Another VPN program or a network manager may be in the way: end the other one and try again.',
      'Run `culvert repair` to undo what earlier runs left.',
      LOG,
    ],
  },
  {
    id: 'secrets',
    codes: ['SECRETS_UNAVAILABLE'],
    advice: () => [
      'Type the secrets of the profile in again: what is stored cannot be opened on this machine.',
      'If the disk or the state folder came from another machine, restore its key with it.',
    ],
  },
  { id: 'data-path', codes: ['DATA_PATH_FAILED'], advice: () => ['Connect again.', LOG] },
  {
    id: 'not-supported',
    codes: ['NOT_SUPPORTED'],
    advice: () => ['Change the profile as the sentence says, or use another machine for this connection.'],
  },
  {
    id: 'profile',
    codes: ['PROFILE_INVALID'],
    advice: () => ['Correct the field that is named; `culvert doctor PROFILE` examines the whole profile.'],
  },
  {
    id: 'internal',
    codes: ['INTERNAL_ERROR'],
    advice: () => ['This is a mistake of Culvert: please report it.', LOG],
  },
];
