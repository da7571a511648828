/** Failures that the tunnel itself finds, in words. */
import type { Millis } from '../base/brand.ts';
import type { Failure } from '../base/failure.ts';
import { type Endpoint, isIpv6 } from '../base/ip.ts';

const local = (code: Failure['code'], message: string, authenticated = true): Failure => ({
  code,
  phase: 'local',
  authenticated,
  message,
});

const established = (code: Failure['code'], message: string): Failure => ({
  code,
  phase: 'established',
  authenticated: true,
  message,
});

export const NO_ADDRESS: Failure = {
  code: 'NAME_NOT_FOUND',
  phase: 'resolve',
  authenticated: false,
  message: 'the gateway has no address',
};

export const noRoute = (where: string): Failure =>
  local('NETWORK_UNREACHABLE', `this machine has no route to ${where}`);

/** Why an attempt is called off that began in another network. */
export const NETWORK_CHANGED: Failure = local('NETWORK_UNREACHABLE', 'the network changed while connecting');

export const CANCELLED: Failure = local('CANCELLED', 'the connection was cancelled');

export const TAKEN_DOWN: Failure = local('CANCELLED', 'the tunnel was taken down');

export const tooLate = (patience: Millis): Failure =>
  local('NO_ANSWER', `not connected within ${Math.round(patience / 1000)} s`, false);

/** The endpoint may still answer, but another one has its turn. */
export const silent = ({ address, port }: Endpoint): Failure => ({
  code: 'NO_ANSWER',
  phase: 'IKE_SA_INIT',
  authenticated: false,
  message: `no answer from ${isIpv6(address) ? `[${address}]` : address}:${port} so far`,
});

export const SENT_AWAY: Failure = established('REDIRECTED', 'the gateway sends us to another');

export const CHILDREN_ENDED: Failure = established('PEER_DELETED', 'the gateway ended the tunnel (CHILD_SA)');

export const dataPathFailed = (reason: string): Failure =>
  established('DATA_PATH_FAILED', `the data path stopped: ${reason}`);
