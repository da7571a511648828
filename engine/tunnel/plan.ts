/** What a tunnel needs of a profile, decided once before it starts. */
import type { Millis } from '../base/brand.ts';
import type { Prefix } from '../base/ip.ts';
import type { ChildConfig, Identity, IkeConfig, Lifetime } from '../ike/contract.ts';

/** What happens when the peer is gone, or ends the SA by itself (strongSwan's dpd_action). */
export type DpdAction = 'none' | 'clear' | 'hold' | 'restart';

export interface KillSwitchPlan {
  readonly mode: 'off' | 'while-up' | 'always';
  readonly allowLocal: boolean;
}

/** Whether other gateways may take the place of the profile's (RFC 5685), and which nobody has to vouch for. */
export interface RedirectPlan {
  readonly follow: boolean;
  readonly to: {
    /** In lower case; with `*.` in front those below it. */
    readonly names: readonly string[];
    readonly prefixes: readonly Prefix[];
  };
}

/** A child with what the tunnel does about it. */
export interface PlannedChild extends ChildConfig {
  /** Without traffic for so long it is closed until traffic wants it; 0 or none never. */
  readonly inactivity?: Millis;
  /** Rekeyed once shortly after the first connect, to see whether that works. */
  readonly rehearsal?: boolean;
}

export interface TunnelPlan {
  readonly name: string;
  /** Host names or addresses of the gateway, in the order to try. */
  readonly hosts: readonly string[];
  readonly port: number;
  readonly redirects: RedirectPlan;
  /** Without a local identity the address that we send from is it. */
  readonly ike: Omit<IkeConfig, 'localId'> & { readonly localId?: Identity };
  /** Children by name; the first comes with IKE_AUTH. */
  readonly children: readonly PlannedChild[];
  /** How long an authentication is good for; absent: as long as the gateway takes it. */
  readonly reauth: Lifetime | undefined;
  readonly dpdAction: DpdAction;
  /** Attempts before the tunnel was up once; 0 is for ever. */
  readonly keyingtries: number;
  readonly keepaliveSeconds: number;
  /** Wanted tun name; `%d` is a free number. */
  readonly interface: string;
  /** Inner MTU, or worked out from the path. */
  readonly mtu: number | undefined;
  readonly routes: 'selectors' | 'none';
  readonly extraRoutes: readonly Prefix[];
  readonly dns: 'use' | 'ignore';
  readonly extraDns: readonly string[];
  readonly domains: readonly string[];
  readonly killSwitch: KillSwitchPlan;
  /** How long one attempt may take until the tunnel is usable. */
  readonly patience: Millis;
}
