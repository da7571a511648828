/**
 * A connection attempt that changes nothing on this machine: as far as IKE_AUTH on a UDP socket of its own, then the
 * IKE SA is closed. No tun, no routes, no packets of the user; INITIAL_CONTACT is left out, so that the gateway keeps
 * what it has with us otherwise.
 */
import type { Millis, Spi32 } from '../base/brand.ts';
import type { Failure } from '../base/failure.ts';
import { after, millis, seconds } from '../base/instant.ts';
import type { Endpoint } from '../base/ip.ts';
import type { Datapath, DatapathEvent, PathCounters } from '../datapath/protocol.ts';
import type { Assigned, Effect, IkeView, SessionFactory } from '../ike/contract.ts';
import { addressIdentity } from './address-identity.ts';
import { candidates, PLAIN_PORT } from './candidates.ts';
import { SessionDriver } from './driver.ts';
import { explain } from './explain/explain.ts';
import { asFailure, deserves } from './judgement.ts';
import type { TunnelPlan } from './plan.ts';
import type { Credentials, IkeSocket, World } from './ports.ts';

/** What the gateway proved itself with, as received. */
export type PeerProof = Pick<
  Extract<Effect, { kind: 'verify-peer' }>,
  'identity' | 'certificates' | 'method'
>;

export interface ProbeResult {
  /** Where the attempt that counts went; absent when the gateway has no address. */
  readonly endpoint?: Endpoint;
  /** Absent when both sides authenticated and the first CHILD_SA was agreed on. */
  readonly failure?: Failure;
  /** As IKE_SA_INIT left it, or, once authenticated, as IKE_AUTH did; absent when nobody answered. */
  readonly view?: IkeView;
  readonly assigned?: Assigned;
  readonly peer?: PeerProof;
}

export interface ProbeParts {
  readonly plan: TunnelPlan;
  readonly world: World;
  readonly createSession: SessionFactory;
  readonly credentials: Credentials;
}

/** For all endpoints together. */
const PATIENCE: Millis = seconds(30);
/** Somebody waits for the answer: fewer and faster sends than a tunnel's own. */
const RETRANSMISSION = { timeout: millis(800), base: 1.6, jitter: 0.1, tries: 4 };

export async function probe(parts: ProbeParts): Promise<ProbeResult> {
  const { plan, world } = parts;
  let endpoints: readonly Endpoint[];
  try {
    const resolved = await Promise.all(plan.hosts.map((host) => world.resolve(host)));
    endpoints = candidates(resolved, plan.port);
  } catch (error) {
    return { failure: explain(asFailure(error), { plan, tried: [] }) };
  }
  const explained = (result: ProbeResult, tried: readonly Endpoint[]): ProbeResult =>
    result.failure
      ? { ...result, failure: explain(result.failure, { plan, tried, view: result.view }) }
      : result;
  const until = after(world.scheduler.now(), PATIENCE);
  let last: ProbeResult = {
    failure: {
      code: 'NAME_NOT_FOUND',
      phase: 'resolve',
      authenticated: false,
      message: 'the gateway has no address',
    },
  };
  const tried: Endpoint[] = [];
  for (const endpoint of endpoints) {
    const left = (until - world.scheduler.now()) as Millis;
    if (left <= 0) break;
    tried.push(endpoint);
    last = await tryEndpoint(parts, endpoint, left);
    if (!last.failure || !deserves(last.failure, 'next-endpoint')) break;
  }
  return explained(last, tried);
}

async function tryEndpoint(
  { plan, world, createSession, credentials }: ProbeParts,
  remote: Endpoint,
  patience: Millis,
): Promise<ProbeResult> {
  const family = remote.address.includes(':') ? 6 : 4;
  let socket: IkeSocket;
  try {
    socket = await world.openIkeSocket(family);
  } catch (error) {
    return { endpoint: remote, failure: asFailure(error) };
  }
  const address = (await world.localAddressFor(remote.address)) ?? (family === 6 ? '::' : '0.0.0.0');
  const local = { address, port: socket.local.port };
  let spi = 0x1000;
  let view: IkeView | undefined;
  let assigned: Assigned | undefined;
  let peer: PeerProof | undefined;
  const session = createSession(
    {
      ...plan.ike,
      localId: plan.ike.localId ?? addressIdentity(address),
      // A forced encapsulation would hide whether there is a NAT in front of us.
      encapsulation: 'auto',
      children: plan.children.slice(0, 1),
      initialContact: false,
      liveness: { delay: millis(0) },
      retransmission: RETRANSMISSION,
    },
    { ...world.ike, freshSpi: () => ++spi as Spi32, freshChildId: () => 1 },
  );
  return await new Promise<ProbeResult>((resolve) => {
    const over = (failure: Failure | undefined): void => {
      cancel();
      driver.abandon();
      socket.close();
      resolve({
        endpoint: remote,
        ...(failure ? { failure } : {}),
        ...(view ? { view } : {}),
        ...(assigned ? { assigned } : {}),
        ...(peer ? { peer } : {}),
      });
    };
    const driver: SessionDriver = new SessionDriver({
      session,
      datapath: new SocketPath(socket),
      scheduler: world.scheduler,
      log: world.log,
      ikeSocket: socket,
      keepalive: 0,
      credentials: {
        ...credentials,
        sign: (request) => credentials.sign(request),
        verifyPeer: (request) => {
          peer = request;
          return credentials.verifyPeer(request);
        },
      },
      events: {
        state: (state) => {
          if (state !== 'ESTABLISHED') return;
          view = driver.view();
          driver.command({ kind: 'close' });
        },
        ask: (ask, answer) =>
          answer({
            ok: false,
            failure: {
              code: 'SECRET_NEEDED',
              phase: 'IKE_AUTH',
              authenticated: true,
              message: `the gateway proved itself and asks for the ${ask.kind === 'password' ? 'password' : 'one-time code'} of ${ask.user}, which is asked for when connecting`,
            },
          }),
        assigned: (given) => {
          assigned = given;
        },
        path: () => {
          view ??= driver.view();
        },
        installed: () => undefined,
        removed: () => undefined,
        childFailed: () => undefined,
        note: (level, topic, text) => world.log[level](text, { topic, probe: plan.name }),
        closed: over,
      },
    });
    const cancel = world.scheduler.at(after(world.scheduler.now(), patience), () =>
      over({
        code: 'NO_ANSWER',
        phase: view ? 'IKE_AUTH' : 'IKE_SA_INIT',
        authenticated: false,
        message: `the handshake was not over within ${Math.round(patience / 1000)} s`,
      }),
    );
    socket.onDatagram((bytes, from) => {
      const marked = from.port !== PLAIN_PORT;
      const ike = marked ? unmarked(bytes) : bytes;
      if (ike) driver.datagram(ike, { local, remote: from }, marked);
    });
    driver.start({ local, remote });
  });
}

const MARKER = 4;

/** Without the non-ESP marker (RFC 3948 §2.2); `undefined` for anything else. */
const unmarked = (bytes: Uint8Array): Uint8Array | undefined =>
  bytes.length > MARKER && bytes.subarray(0, MARKER).every((octet) => octet === 0)
    ? bytes.subarray(MARKER)
    : undefined;

const NO_DROPS: PathCounters['drops'] = {
  'no-sa': 0,
  replay: 0,
  integrity: 0,
  selector: 0,
  malformed: 0,
  'no-route': 0,
  'too-big': 0,
  expired: 0,
  'tun-full': 0,
  'udp-error': 0,
  dummy: 0,
  congestion: 0,
};

/** A data path that carries IKE messages alone: pairs are taken and forgotten. */
class SocketPath implements Datapath {
  readonly local: Endpoint;
  readonly description = 'none';
  readonly #socket: IkeSocket;

  constructor(socket: IkeSocket) {
    this.#socket = socket;
    this.local = socket.local;
  }

  install(): void {}
  activateOutbound(): void {}
  remove(): void {}
  setPath(): void {}
  trap(): void {}
  keepalive(): void {}
  setInnerMtu(): void {}

  sendIke(bytes: Uint8Array, remote: Endpoint): void {
    const datagram = new Uint8Array(MARKER + bytes.length);
    datagram.set(bytes, MARKER);
    this.#socket.send(datagram, remote);
  }

  counters(): undefined {
    return undefined;
  }

  totals(): PathCounters {
    return { drops: NO_DROPS, datagramsIn: 0, datagramsOut: 0 };
  }

  onEvent(_listener: (event: DatapathEvent) => void): void {}

  async close(): Promise<void> {}
}
