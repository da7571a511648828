/** A host in memory: records what every tunnel wants and changes nothing. For the unprivileged demo and tests. */
import type { OpenHost } from './host.ts';
import type { HostChange, HostState } from './port.ts';

export interface MemoryHost extends OpenHost {
  /** The state last applied for each tunnel that is not cleared. */
  readonly states: ReadonlyMap<string, HostState>;
}

/** Same contract as `openHost`: idempotent, and what is cleared is forgotten. */
export function memoryHost(): MemoryHost {
  const states = new Map<string, HostState>();
  return {
    states,
    apply: async (tunnel: string, desired: HostState): Promise<readonly HostChange[]> => {
      const same = JSON.stringify(states.get(tunnel)) === JSON.stringify(desired);
      states.set(tunnel, structuredClone(desired));
      return same ? [] : [{ description: `recorded the host state of ${tunnel} in memory` }];
    },
    clear: async (tunnel: string): Promise<readonly HostChange[]> =>
      states.delete(tunnel) ? [{ description: `forgot the host state of ${tunnel}` }] : [],
    recover: async (): Promise<readonly HostChange[]> => [],
    close: async (): Promise<void> => undefined,
  };
}
