/** A firewall in memory: what is in force, for tests and the demo. */
import type { FirewallPort, FirewallWish } from './port.ts';

export interface MemoryFirewall extends FirewallPort {
  readonly inForce: () => FirewallWish | undefined;
}

export function memoryFirewall(): MemoryFirewall {
  let inForce: FirewallWish | undefined;
  return {
    inForce: () => inForce,
    enforce: async (wish) => {
      inForce = wish;
    },
    remove: async () => {
      inForce = undefined;
    },
  };
}
