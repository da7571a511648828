/**
 * The only file that asks for the platform: picks the implementation of each port. Composition, so it may import
 * the data paths (see test/architecture.test.ts).
 */
import { randomFillSync } from 'node:crypto';
import type { Instant } from '../base/brand.ts';
import type { Log, Log } from '../base/log.ts';
import type { CryptoProvider } from '../crypto/port.ts';
import { openInlineDatapath } from '../datapath/inline.ts';
import type { Datapath } from '../datapath/protocol.ts';
import { nodeProvider } from './crypto/node.ts';
import { openSslProvider } from './crypto/openssl.ts';
import { OsError, OsError } from './error.ts';
import { memoryHost, memoryHost } from './host.fake.ts';
import { linuxHostEnvironment, linuxHostEnvironment, routingOf } from './host.linux.ts';
import { type OpenHost, openHost, openHost } from './host.ts';
import type { Host } from './port.ts';
import type { Tun } from './tun/port.ts';
import type { UdpPort } from './udp/port.ts';
import { dgramUdp, openDgram } from './udp/udp.ts';

export interface DatapathRequest {
  /** Closed with the data path. */
  readonly tun: Tun;
  /** Local UDP port, 0 for any. */
  readonly port: number;
  /** One local address; every address of both families when absent. */
  readonly address?: string;
  readonly crypto: Pick<CryptoProvider, 'cipher'>;
  readonly clock: () => Instant;
}

export const selectUdp = (): UdpPort => dgramUdp;

/** OpenSSL through the exports of the node executable where they are there, else node:crypto. */
export const selectCrypto = (): CryptoProvider =>
  openSslProvider(process.platform === 'win32' ? process.execPath : null) ?? nodeProvider;

/** @throws OsError `udp-unavailable`, `permission` */
export async function openInline(request: DatapathRequest): Promise<Datapath> {
  const { tun, crypto, clock, port, address } = request;
  const udp = await openDgram(address === undefined ? { port } : { port, address });
  return openInlineDatapath({
    tun,
    udp,
    crypto,
    clock,
    fillRandom: (into) => randomFillSync(into),
    localAddressFor: selectUdp().localAddressFor,
  });
}

export interface HostRequest {
  /** Where the change journal is kept. */
  readonly stateDir: string;
  readonly log: Log;
  /** True for a host in memory that changes nothing, on any system. */
  readonly fake?: boolean;
}

/** @throws OsError `not-supported` on a system whose host cannot be changed yet; `permission` for the state directory */
export async function selectHost({ stateDir, log, fake }: HostRequest): Promise<OpenHost> {
  if (fake === true) return memoryHost();
  if (process.platform === 'linux')
    return openHost({ stateDir, log, environment: linuxHostEnvironment(routingOf(stateDir)) });
  throw new OsError('not-supported', `routes and name servers cannot be set on ${process.platform} yet`);
}

export interface SelectHost {
  /** Where the change journal is kept. */
  readonly stateDir: string;
  readonly log: Log;
  /** True for a host in memory that changes nothing, on any system. */
  readonly fake?: boolean;
}

/** @throws OsError `not-supported` on a system whose host cannot be changed yet; `permission` for the state directory */
export async function selectHost(options: SelectHost): Promise<Host> {
  if (options.fake === true) return memoryHost();
  if (process.platform === 'linux') {
    return openHost({ stateDir: options.stateDir, log: options.log, environment: linuxHostEnvironment() });
  }
  throw new OsError('not-supported', `routes and name servers cannot be set on ${process.platform} yet`);
}
