/** What an ESP SA pair is made of: plain data, so that it can cross to the data path's thread. */
import type { Spi32 } from '../base/brand.ts';
import type { IpBytes } from '../base/ip.ts';
import type { CipherSuite } from '../crypto/port.ts';

/** One traffic selector (RFC 7296 §3.13.1): ICMP type and code sit in the ports as RFC 4301 §4.4.1.1 says. */
export interface Selector {
  readonly protocol: number;
  readonly startPort: number;
  readonly endPort: number;
  readonly start: IpBytes;
  readonly end: IpBytes;
}

/** Soft limits ask for a rekey, hard limits end the SA (RFC 4301 §4.4.2.1). Zero means none. */
export interface VolumeLimits {
  readonly softBytes: number;
  readonly hardBytes: number;
  readonly softPackets: number;
  readonly hardPackets: number;
}

/** Which way the DSCP is copied between inner and outer header, as strongSwan's `copy_dscp` says it. */
export type CopyDscp = 'out' | 'in' | 'yes' | 'no';

export interface EspSaPair {
  /** Unique within the data path; chosen by its user and never used again. */
  readonly id: number;
  /** SPI that the peer writes and we look up. */
  readonly spiIn: Spi32;
  /** SPI that we write. */
  readonly spiOut: Spi32;
  readonly suite: CipherSuite;
  readonly esn: boolean;
  readonly keys: {
    readonly inEncr: Uint8Array;
    readonly inInteg: Uint8Array;
    readonly outEncr: Uint8Array;
    readonly outInteg: Uint8Array;
  };
  /** Packets we send have their source in `local` and destination in `remote`; inbound the reverse. */
  readonly local: readonly Selector[];
  readonly remote: readonly Selector[];
  /** Packets of the anti-replay window, a multiple of 32, 0 to switch it off. */
  readonly replayWindow: number;
  readonly limits: VolumeLimits;
  readonly copyDscp: CopyDscp;
  /** The ECN field goes both ways by RFC 6040; otherwise the outer one is Not-ECT and what becomes of it is ignored. */
  readonly copyEcn: boolean;
  /** Carries outbound traffic from the moment of installation, or only once activated. */
  readonly outbound: 'now' | 'later';
}
