/** How far an SA is in its life. */
import type { ChildSnapshot, IkeSnapshot, TunnelSnapshot } from '../../engine/api/snapshot.ts';

export interface Lifetime {
  /** Shares of the whole life. */
  readonly elapsed: number;
  readonly rekeyAt: number | undefined;
  readonly secondsToRekey: number | undefined;
  readonly secondsToExpiry: number;
}

/** Undefined while nobody knows when it began or ends. */
export function lifetimeOf(
  sa: {
    readonly secondsToRekey?: number | undefined;
    readonly secondsToExpiry?: number | undefined;
  },
  begunAt: string | undefined,
  now: string,
): Lifetime | undefined {
  const { secondsToRekey, secondsToExpiry } = sa;
  if (begunAt === undefined || secondsToExpiry === undefined) return undefined;
  const age = Math.max(0, (Date.parse(now) - Date.parse(begunAt)) / 1000);
  const whole = Math.max(1, age + secondsToExpiry);
  return {
    elapsed: Math.min(1, age / whole),
    rekeyAt: secondsToRekey === undefined ? undefined : Math.min(1, (age + secondsToRekey) / whole),
    secondsToRekey,
    secondsToExpiry,
  };
}

export type NextEvent =
  | { readonly kind: 'retry'; readonly seconds: number }
  | { readonly kind: 'rekey-ike' | 'expire-ike'; readonly seconds: number }
  | { readonly kind: 'rekey-child' | 'expire-child'; readonly seconds: number; readonly child: string };

const ofIke = ({ secondsToRekey, secondsToExpiry }: IkeSnapshot): readonly NextEvent[] =>
  secondsToRekey !== undefined
    ? [{ kind: 'rekey-ike', seconds: secondsToRekey }]
    : secondsToExpiry !== undefined
      ? [{ kind: 'expire-ike', seconds: secondsToExpiry }]
      : [];

const ofChild = ({ name, state, secondsToRekey, secondsToExpiry }: ChildSnapshot): NextEvent =>
  state === 'INSTALLED'
    ? { kind: 'rekey-child', seconds: secondsToRekey, child: name }
    : { kind: 'expire-child', seconds: secondsToExpiry, child: name };

/** What happens next by the clock. */
export function nextEvent(tunnel: TunnelSnapshot): NextEvent | undefined {
  if (tunnel.secondsToRetry !== undefined) return { kind: 'retry', seconds: tunnel.secondsToRetry };
  const all = [...(tunnel.ike ? ofIke(tunnel.ike) : []), ...tunnel.children.map(ofChild)];
  return all.reduce<NextEvent | undefined>(
    (soonest, event) => (soonest && soonest.seconds <= event.seconds ? soonest : event),
    undefined,
  );
}
