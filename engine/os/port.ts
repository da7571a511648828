/** What a tunnel wants of the host, and the port that makes it so (DESIGN section 6). */
import type { Prefix } from '../base/ip.ts';
import type { GuardState } from './firewall/port.ts';

export interface HostState {
  /** Name of the tun that everything hangs on. */
  readonly interface: string;
  readonly mtu: number;
  /** Virtual addresses for the interface. */
  readonly addresses: readonly Prefix[];
  /** Destinations that go into the tunnel: exactly the narrowed remote selectors and pushed subnets. */
  readonly routes: readonly Prefix[];
  /** Outer addresses of the gateway, which never go into the tunnel. */
  readonly bypass: readonly string[];
  /** Networks that this machine is part of and that stay outside, unless the tunnel has a part of one. */
  readonly local?: readonly Prefix[];
  readonly dns: {
    readonly servers: readonly string[];
    /** Only these domains, or all names when empty. */
    readonly domains: readonly string[];
  };
}

export interface HostChange {
  /** What was done, one line a change, for the log and `status`. */
  readonly description: string;
}

export interface Host {
  /** Brings the host to `desired` for one tunnel. Idempotent; journals before it acts. @throws OsError */
  apply(tunnel: string, desired: HostState): Promise<readonly HostChange[]>;
  /**
   * Keeps more addresses out of the tunnel, as `bypass` does, until the next `apply` says otherwise. Nothing happens
   * where nothing is applied. @throws OsError and the host is as it was
   */
  letOut(tunnel: string, addresses: readonly string[]): Promise<readonly HostChange[]>;
  /** Undoes everything that was applied for the tunnel. Never throws: what cannot be undone is reported. */
  clear(tunnel: string): Promise<readonly HostChange[]>;
  /**
   * Sets a tunnel's kill switch, before anything of it is on its way. @throws OsError and nothing is let out that
   * was not before
   */
  guard(tunnel: string, guard: GuardState): Promise<readonly HostChange[]>;
  /** Ends a `while-up` kill switch of the tunnel; an `always` one stays. Never throws. */
  unguard(tunnel: string): Promise<readonly HostChange[]>;
  /** Ends every kill switch, whatever its mode. @throws OsError */
  release(): Promise<readonly HostChange[]>;
  /** Every kill switch in force, by tunnel; `closed` when all is blocked for want of a readable record. */
  guards(): { readonly closed: boolean; readonly guards: ReadonlyMap<string, GuardState> };
  /** Undoes what a crash left behind. Runs first at every start. */
  recover(): Promise<readonly HostChange[]>;
}
