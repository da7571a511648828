/** The names of a tunnel's states, as the engine gives them. */
import type { TunnelState } from '../../engine/api/snapshot.ts';
import { TONES } from './tone.ts';

export const TUNNEL_STATE_NAMES: readonly TunnelState[] = Object.keys(TONES) as TunnelState[];
