/** One CHILD_SA pair as the session knows it; packets and their counters belong to the data path. */
import type { Instant, Millis, Spi32 } from '../base/brand.ts';
import type { CipherSuite } from '../crypto/port.ts';
import type { Selector } from '../esp/params.ts';
import type { ChildConfig, ChildView } from './contract.ts';

/** How long a removed pair still receives packets that are under way. */
export const LINGER_MS: Millis = 5000 as Millis;

export interface Child {
  readonly id: number;
  readonly config: ChildConfig;
  state: ChildView['state'];
  readonly spiIn: Spi32;
  readonly spiOut: Spi32;
  readonly suite: CipherSuite;
  readonly esn: boolean;
  readonly keMethod: number;
  readonly additional: readonly number[];
  readonly local: readonly Selector[];
  readonly remote: readonly Selector[];
  readonly narrowed: boolean;
  readonly installedAt: Instant;
  rekeyAt: Instant;
  expiresAt: Instant;
  readonly generation: number;
  /** Its outbound side is not in use yet: the peer has not been seen using the pair. */
  waiting: boolean;
  /** The pair that replaces this one. */
  successor: number | undefined;
  /** Lost a collision of rekeys; its maker deletes it. */
  redundant: boolean;
}

export const childView = (child: Child): ChildView => ({
  id: child.id,
  name: child.config.name,
  state: child.state,
  spiIn: child.spiIn,
  spiOut: child.spiOut,
  suite: child.suite,
  esn: child.esn,
  keMethod: child.keMethod,
  additional: child.additional,
  local: child.local,
  remote: child.remote,
  narrowed: child.narrowed,
  installedAt: child.installedAt,
  rekeyAt: child.rekeyAt,
  expiresAt: child.expiresAt,
  generation: child.generation,
});
