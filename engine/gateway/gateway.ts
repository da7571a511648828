/**
 * The embedded IKEv2 gateway: a responder on the same sans-IO session that the client uses, for the demo,
 * the self-test and simulations. It tells new IKE_SA_INIT requests from messages of known SAs, asks for
 * cookies when too many are half open (RFC 7296 §2.6), and leases addresses.
 */
import type { IkeSpi, Instant } from '../base/brand.ts';
import { ZERO_IKE_SPI } from '../base/brand.ts';
import { equalBytes } from '../base/bytes.ts';
import type { Failure } from '../base/failure.ts';
import type { Endpoint, Prefix } from '../base/ip.ts';
import type { Log } from '../base/log.ts';
import type { Datapath, DatapathEvent } from '../datapath/protocol.ts';
import type { Selector } from '../esp/params.ts';
import type {
  Assigned,
  Command,
  IkeConfig,
  IkeContext,
  IkeView,
  SessionFactory,
  VirtualIpRequest,
} from '../ike/contract.ts';
import { CookieJar } from '../ike/parts/cookie.ts';
import { SessionDriver, type SessionEvents } from '../tunnel/driver.ts';
import type { Credentials, Scheduler } from '../tunnel/ports.ts';
import { decodeHeader } from '../wire/codec.ts';
import { Exchange } from '../wire/registry.ts';
import { AddressPool } from './pool.ts';
import { UnknownAnswers } from './unknown.ts';

export interface GatewayOptions {
  readonly config: IkeConfig;
  readonly createSession: SessionFactory;
  readonly datapath: Datapath;
  readonly scheduler: Scheduler;
  readonly credentials: Credentials;
  readonly context: Pick<IkeContext, 'crypto' | 'random' | 'freshSpi' | 'freshChildId'>;
  readonly log: Log;
  readonly pool: readonly Prefix[];
  readonly dns: readonly string[];
  /** Half-open IKE SAs from which on a cookie is asked for; 0 always asks. */
  readonly cookieThreshold: number;
}

/** Half-open and established IKE SAs in all; a flood beyond it is not answered. */
const MOST_SESSIONS = 1000;

interface Peer {
  readonly driver: SessionDriver;
  readonly remote: Endpoint;
  readonly spiInitiator: IkeSpi;
  /** Of its leases. */
  readonly owner: string;
  established: boolean;
}

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #pool: AddressPool;
  readonly #peers = new Set<Peer>();
  readonly #cookies: CookieJar;
  readonly #unknown = new UnknownAnswers();

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#pool = new AddressPool(options.pool);
    this.#cookies = new CookieJar(options.context.crypto, options.context.random);
    options.datapath.onEvent((event) => this.#event(event));
  }

  /** Views of all IKE SAs, oldest first. */
  views(): readonly IkeView[] {
    return [...this.#peers].map((peer) => peer.driver.view());
  }

  /** Gives a command to every established IKE SA. */
  command(command: Command): void {
    for (const peer of [...this.#peers]) if (peer.established) peer.driver.command(command);
  }

  /** Forgets every SA at once without a word, as a crash would. */
  abandon(): void {
    for (const peer of this.#peers) peer.driver.abandon();
    this.#peers.clear();
  }

  get leases(): number {
    return this.#pool.used;
  }

  #event(event: DatapathEvent): void {
    if (event.kind === 'ike') this.#datagram(event.bytes, event.remote, event.local);
    else if (event.kind === 'unknown-spi')
      this.#say(this.#unknown.toPacket(event.spi, this.#now()), event.remote);
    else if (event.kind === 'failed')
      this.#options.log.error('the gateway lost its data path', { reason: event.reason });
    else for (const peer of this.#peers) if (peer.driver.traffic(event)) return;
  }

  #datagram(bytes: Uint8Array, remote: Endpoint, local: Endpoint): void {
    const header = this.#header(bytes);
    if (!header) return;
    const path = { local, remote };
    const ours = header.initiator ? header.spiResponder : header.spiInitiator;
    const known =
      ours === ZERO_IKE_SPI
        ? this.#halfOpen(header.spiInitiator, remote)
        : [...this.#peers].find((peer) => peer.driver.owns(ours));
    if (known) known.driver.datagram(bytes, path, true);
    else if (ours === ZERO_IKE_SPI && header.exchange === Exchange.IKE_SA_INIT && !header.response)
      this.#newcomer(bytes, remote, local);
    else this.#say(this.#unknown.toMessage(header, this.#now()), remote);
  }

  #now(): Instant {
    return this.#options.scheduler.now();
  }

  #say(bytes: Uint8Array | undefined, remote: Endpoint): void {
    if (bytes) this.#options.datapath.sendIke(bytes, remote);
  }

  #header(bytes: Uint8Array): ReturnType<typeof decodeHeader> | undefined {
    try {
      return decodeHeader(bytes);
    } catch {
      this.#options.log.debug('a datagram that is no IKE message was dropped', { octets: bytes.length });
      return undefined;
    }
  }

  #halfOpen(spi: IkeSpi, remote: Endpoint): Peer | undefined {
    for (const peer of this.#peers)
      if (
        peer.spiInitiator === spi &&
        peer.remote.address === remote.address &&
        peer.remote.port === remote.port
      )
        return peer;
    return undefined;
  }

  #newcomer(bytes: Uint8Array, remote: Endpoint, local: Endpoint): void {
    const { cookieThreshold, datapath, scheduler } = this.#options;
    const halfOpen = [...this.#peers].filter((peer) => !peer.established).length;
    if (halfOpen >= cookieThreshold && cookieThreshold >= 0) {
      const answer = this.#cookies.demand(bytes, remote, scheduler.now());
      if (answer) {
        datapath.sendIke(answer, remote);
        return;
      }
    }
    if (this.#peers.size >= MOST_SESSIONS) return;
    this.#accept(bytes, remote, local);
  }

  #accept(bytes: Uint8Array, remote: Endpoint, local: Endpoint): void {
    const { createSession, config, context, datapath, scheduler, credentials } = this.#options;
    const owner = `${remote.address}:${remote.port}/${decodeHeader(bytes).spiInitiator}`;
    const log = this.#options.log.with({ peer: `${remote.address}:${remote.port}` });
    const session = createSession(config, {
      ...context,
      assign: (_identity, request) => this.#assign(owner, request),
    });
    const peer: Peer = {
      driver: new SessionDriver({
        session,
        datapath,
        scheduler,
        credentials,
        log,
        keepalive: 0,
        events: this.#events(log, () => peer, owner),
      }),
      remote,
      spiInitiator: decodeHeader(bytes).spiInitiator,
      owner,
      established: false,
    };
    this.#peers.add(peer);
    peer.driver.datagram(bytes, { local, remote }, true);
  }

  #events(log: Log, peer: () => Peer, owner: string): SessionEvents {
    const nothing = (): void => undefined;
    return {
      state: (state) => {
        if (state !== 'ESTABLISHED' || peer().established) return;
        peer().established = true;
        this.#forgetOthers(peer(), log);
      },
      ask: () => {
        throw new TypeError('a responder asks nobody');
      },
      assigned: nothing,
      installed: nothing,
      removed: nothing,
      childFailed: (name, failure) =>
        log.info('no CHILD_SA', { child: name, code: failure.code, reason: failure.message }),
      path: nothing,
      note: (level, topic, text) => log[level](text, { topic }),
      closed: (failure: Failure | undefined) => {
        this.#peers.delete(peer());
        this.#pool.release(owner);
        log.info('IKE SA closed', { code: failure?.code, reason: failure?.message });
      },
    };
  }

  /** INITIAL_CONTACT: what the same peer had here before is gone at its end, so nobody is told (RFC 7296 §2.4). */
  #forgetOthers(newcomer: Peer, log: Log): void {
    const { initialContact, remoteId } = newcomer.driver.view();
    if (!initialContact || !remoteId) return;
    for (const peer of [...this.#peers]) {
      const known = peer.driver.view().remoteId;
      if (peer === newcomer || !peer.established || !known) continue;
      if (known.idType !== remoteId.idType || !equalBytes(known.data, remoteId.data)) continue;
      peer.driver.abandon();
      this.#peers.delete(peer);
      this.#pool.release(peer.owner);
      log.info('an older IKE SA of the same peer is forgotten');
    }
  }

  #assign(owner: string, request: VirtualIpRequest): Assigned | undefined {
    const ipv4 = request.ipv4 ? this.#pool.lease(owner, 4) : undefined;
    const ipv6 = request.ipv6 ? this.#pool.lease(owner, 6) : undefined;
    if (!ipv4 && !ipv6) return undefined;
    const addresses: Prefix[] = [];
    if (ipv4) addresses.push({ address: ipv4, length: 32 });
    if (ipv6) addresses.push({ address: ipv6, length: 128 });
    return { addresses, dns: request.dns ? this.#options.dns : [], subnets: [], domains: [] };
  }
}

/** Whole address spaces, for a gateway that takes any destination. */
export const ANY_IPV4: Selector = whole(4);
export const ANY_IPV6: Selector = whole(16);

function whole(octets: 4 | 16): Selector {
  return {
    protocol: 0,
    startPort: 0,
    endPort: 65535,
    start: new Uint8Array(octets),
    end: new Uint8Array(octets).fill(255),
  };
}
