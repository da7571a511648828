/** What the tray says in one picture and one line: pure, from what the engine says. */
import type { Snapshot, TunnelSnapshot, TunnelState } from '../../engine/api/snapshot.ts';
import type { EngineState } from '../bridge/contract.ts';
import type { Texts } from '../text/texts.ts';

export const TRAY_COLOURS = ['grey', 'orange', 'green', 'red', 'error'] as const;

export type TrayColour = (typeof TRAY_COLOURS)[number];

/** The product's colours of the states; the window uses the same. */
export const COLOUR_OF_STATE: Readonly<Record<TunnelState, TrayColour>> = {
  CREATED: 'grey',
  CONNECTING: 'orange',
  REKEYING: 'orange',
  ESTABLISHED: 'green',
  REKEYED: 'green',
  PASSIVE: 'green',
  DELETING: 'red',
  DESTROYING: 'red',
};

/** A tunnel that has failed rests in CREATED with its reason. */
export const hasFailed = (tunnel: TunnelSnapshot): boolean =>
  tunnel.state === 'CREATED' &&
  tunnel.lastFailure !== undefined &&
  tunnel.lastFailure.code !== 'CANCELLED' &&
  tunnel.secondsToRetry === undefined;

const colourOf = (tunnel: TunnelSnapshot): TrayColour =>
  hasFailed(tunnel) ? 'error' : COLOUR_OF_STATE[tunnel.state];

/** With several tunnels the one that most wants to be seen decides. */
const BY_URGENCY: readonly TrayColour[] = ['error', 'orange', 'red', 'green', 'grey'];

export function trayColour(engine: EngineState, snapshot: Snapshot | undefined): TrayColour {
  if (engine.kind === 'not-running' || engine.kind === 'refused') return 'error';
  if (engine.kind === 'connecting' || !snapshot) return 'grey';
  const colours = new Set(snapshot.tunnels.map(colourOf));
  return BY_URGENCY.find((colour) => colours.has(colour)) ?? 'grey';
}

/** One line for the tool tip and the head of the menu. */
export function trayLine(engine: EngineState, snapshot: Snapshot | undefined, texts: Texts): string {
  if (engine.kind === 'not-running') return texts.engineNotRunning;
  if (engine.kind === 'refused') return texts.engineRefused;
  if (engine.kind === 'connecting' || !snapshot) return texts.engineConnecting;
  const named = (colour: TrayColour): string | undefined => {
    const names = snapshot.tunnels.filter((t) => colourOf(t) === colour).map((t) => t.name);
    return names.length > 0 ? names.join(', ') : undefined;
  };
  const failed = named('error');
  if (failed) return texts.failed(failed);
  const busy = named('orange');
  if (busy) return texts.connecting(busy);
  const ending = named('red');
  if (ending) return texts.disconnecting(ending);
  const up = named('green');
  return up ? texts.connected(up) : texts.notConnected;
}
