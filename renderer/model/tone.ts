/** The product's colours of a state, and which words go with it. */
import type { TunnelSnapshot, TunnelState } from '../../engine/api/snapshot.ts';

export type Tone = 'grey' | 'orange' | 'green' | 'red';

export const TONES: Readonly<Record<TunnelState, Tone>> = {
  CREATED: 'grey',
  CONNECTING: 'orange',
  ESTABLISHED: 'green',
  REKEYING: 'orange',
  REKEYED: 'green',
  DELETING: 'red',
  DESTROYING: 'red',
  PASSIVE: 'green',
};

export type Standing = 'off' | 'connecting' | 'on' | 'waiting' | 'failed' | 'ending';

/** What a person wants to know of a tunnel in one word. */
export function standingOf(tunnel: TunnelSnapshot | undefined): Standing {
  if (!tunnel) return 'off';
  switch (tunnel.state) {
    case 'CREATED':
      return tunnel.lastFailure && tunnel.lastFailure.code !== 'CANCELLED' ? 'failed' : 'off';
    case 'CONNECTING':
      return tunnel.secondsToRetry === undefined ? 'connecting' : 'waiting';
    case 'DELETING':
    case 'DESTROYING':
      return 'ending';
    default:
      return tunnel.usable ? 'on' : 'connecting';
  }
}

export const STANDING_TONES: Readonly<Record<Standing, Tone>> = {
  off: 'grey',
  connecting: 'orange',
  waiting: 'orange',
  on: 'green',
  failed: 'red',
  ending: 'red',
};
