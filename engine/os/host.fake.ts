/** A host in memory: records what every tunnel wants and changes nothing. For the unprivileged demo and tests. */
import type { GuardState } from './firewall/port.ts';
import type { OpenHost } from './host.ts';
import type { HostChange, HostState } from './port.ts';

export interface MemoryHost extends OpenHost {
  /** The state last applied for each tunnel that is not cleared. */
  readonly states: ReadonlyMap<string, HostState>;
}

/** Same contract as `openHost`: idempotent, and what is cleared is forgotten. */
export function memoryHost(): MemoryHost {
  const states = new Map<string, HostState>();
  const guards = new Map<string, GuardState>();
  return {
    states,
    apply: async (tunnel: string, desired: HostState): Promise<readonly HostChange[]> => {
      const same = JSON.stringify(states.get(tunnel)) === JSON.stringify(desired);
      states.set(tunnel, structuredClone(desired));
      return same ? [] : [{ description: `recorded the host state of ${tunnel} in memory` }];
    },
    letOut: async (tunnel: string, addresses: readonly string[]): Promise<readonly HostChange[]> => {
      const state = states.get(tunnel);
      const fresh = addresses.filter((address) => state?.bypass.includes(address) === false);
      if (state) states.set(tunnel, { ...state, bypass: [...state.bypass, ...fresh] });
      return fresh.map((address) => ({ description: `recorded that ${address} stays outside` }));
    },
    clear: async (tunnel: string): Promise<readonly HostChange[]> =>
      states.delete(tunnel) ? [{ description: `forgot the host state of ${tunnel}` }] : [],
    guard: async (tunnel: string, guard: GuardState): Promise<readonly HostChange[]> => {
      guards.set(tunnel, structuredClone(guard));
      return [{ description: `recorded the kill switch of ${tunnel} in memory` }];
    },
    unguard: async (tunnel: string): Promise<readonly HostChange[]> => {
      const guard = guards.get(tunnel);
      if (guard?.mode === 'while-up') guards.delete(tunnel);
      else if (guard) guards.set(tunnel, { ...guard, tunnel: null });
      return [];
    },
    release: async (): Promise<readonly HostChange[]> => {
      guards.clear();
      return [];
    },
    guards: () => ({ closed: false, guards }),
    networkChanged: async (): Promise<readonly HostChange[]> => [],
    recover: async (): Promise<readonly HostChange[]> => [],
    close: async (): Promise<void> => undefined,
  };
}
