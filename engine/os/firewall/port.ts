/**
 * The kill switch: what may leave the machine while a profile's traffic must not go beside its tunnel. Each guard is
 * one profile's; the firewall enforces all of them together.
 */

/** What is kept from leaving outside the tunnel: everything of both families, or these networks only. */
export type Protected = 'everything' | readonly string[];

export interface GuardState {
  /** `while-up` ends with the tunnel or with the engine; `always` stays until it is released, over restarts too. */
  readonly mode: 'while-up' | 'always';
  readonly protect: Protected;
  /** Gateway addresses: IKE and ESP may go there. */
  readonly gateways: readonly string[];
  /** UDP ports of the gateway. */
  readonly ports: readonly number[];
  /** Whether private networks beside the tunnel stay reachable; DNS there is blocked all the same. */
  readonly allowLocal: boolean;
  /** The tunnel while there is one. */
  readonly tunnel: {
    readonly interface: string;
    /** The only name servers that may be asked when everything is protected; empty: any, through the tunnel. */
    readonly dns: readonly string[];
  } | null;
}

/** Guards by profile. */
export type GuardMap = ReadonlyMap<string, GuardState>;

/** What the rules are made of: guards, or `closed` when what was stored of them cannot be read. */
export type FirewallWish =
  | { readonly kind: 'guards'; readonly guards: GuardMap }
  | { readonly kind: 'closed' };

/** Puts rules in force. Each call replaces what the one before made, at once. */
export interface FirewallPort {
  /** @throws OsError when the rules are not in force afterwards; what was in force before then still is */
  enforce(wish: FirewallWish): Promise<void>;
  /** Takes away all that `enforce` made, also of an earlier engine. @throws OsError */
  remove(): Promise<void>;
}
