/** Noticing that the network is another one, or that the machine has slept. */

export type NetworkEvent =
  /** Addresses, routes or links have changed; one event for a burst. */
  | { readonly kind: 'network' }
  /** The machine, or this process, stood still for about so long. */
  | { readonly kind: 'wake'; readonly asleepMs: number };

export interface NetworkMonitor {
  close(): void;
}

/** Begins to watch; `hear` is called from the event loop. Never throws: what cannot be watched is looked at again and again. */
export type WatchNetwork = (hear: (event: NetworkEvent) => void) => NetworkMonitor;
