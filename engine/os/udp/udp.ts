/** UDP through node:dgram, on every system. A socket for both families is one IPv6 socket with mapped addresses. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { type Endpoint, isIpv6 } from '../../base/ip.ts';
import { OsError } from '../error.ts';
import type { UdpPort, UdpRequest, UdpSocket } from './port.ts';

/** Octets; the system may grant less. */
const BUFFER_LENGTH = 4 << 20;

const MAPPED = '::ffff:';
const mapped = (address: string): string => (isIpv6(address) ? address : `${MAPPED}${address}`);
const unmapped = (address: string): string =>
  address.startsWith(MAPPED) && address.includes('.') ? address.slice(MAPPED.length) : address;

type Callback = (error: Error | null, address: string, family: number) => void;

/** Addresses are never names here, so nothing is looked up and a send leaves within its call. */
const noLookup = (family: 4 | 6) => (address: string, _options: unknown, done: Callback) =>
  done(null, address, family);

function socketFor(family: 4 | 6, dual: boolean): Socket {
  // node:dgram accepts any lookup of dns.lookup's shape; its type insists on every overload.
  const lookup = noLookup(family) as unknown as NonNullable<Parameters<typeof createSocket>[0] & object>;
  return createSocket({
    type: family === 4 ? 'udp4' : 'udp6',
    ipv6Only: family === 6 && !dual,
    lookup,
  } as never);
}

const once = (socket: Socket, run: (done: () => void) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once('error', reject);
    run(() => {
      socket.removeListener('error', reject);
      resolve();
    });
  });

function openError(error: unknown, port: number): OsError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const detail = error instanceof Error ? error.message : String(error);
  if (code === 'EACCES' || code === 'EPERM')
    return new OsError('permission', `UDP port ${port} needs more rights than the engine has`, detail);
  if (code === 'EADDRINUSE')
    return new OsError('udp-unavailable', `UDP port ${port} is in use by another program`, detail);
  return new OsError('udp-unavailable', `UDP port ${port} cannot be opened`, detail);
}

async function bound(family: 4 | 6, dual: boolean, request: UdpRequest): Promise<Socket> {
  const socket = socketFor(family, dual);
  const address = request.address ?? (family === 4 ? '0.0.0.0' : '::');
  try {
    await once(socket, (done) => socket.bind({ port: request.port, address, exclusive: true }, done));
  } catch (error) {
    socket.close();
    throw error;
  }
  try {
    socket.setRecvBufferSize(BUFFER_LENGTH);
    socket.setSendBufferSize(BUFFER_LENGTH);
  } catch {
    // A smaller buffer than wished for is no reason to fail.
  }
  return socket;
}

async function bind(request: UdpRequest): Promise<{ socket: Socket; dual: boolean }> {
  const { address } = request;
  if (address !== undefined)
    return { socket: await bound(isIpv6(address) ? 6 : 4, false, request), dual: false };
  try {
    return { socket: await bound(6, true, request), dual: true };
  } catch (error) {
    // A kernel without IPv6 still has IPv4.
    if (
      (error as NodeJS.ErrnoException).code !== 'EAFNOSUPPORT' &&
      (error as NodeJS.ErrnoException).code !== 'EADDRNOTAVAIL'
    )
      throw error;
    return { socket: await bound(4, false, request), dual: false };
  }
}

/** A dgram socket with plain addresses on both sides of its interface. */
export class DgramSocket implements UdpSocket {
  readonly local: Endpoint;
  readonly #socket: Socket;
  readonly #dual: boolean;
  #closed = false;

  constructor(socket: Socket, dual: boolean) {
    this.#socket = socket;
    this.#dual = dual;
    const { address, port } = socket.address();
    this.local = { address, port };
    // Errors of one datagram (a peer's ICMP) must not end the process.
    socket.on('error', () => undefined);
  }

  /** @param done told when the octets may be used again, with whether the system took them */
  send(bytes: Uint8Array, remote: Endpoint, done?: (sent: boolean) => void): void {
    if (this.#closed) {
      done?.(false);
      return;
    }
    const address = this.#dual ? mapped(remote.address) : remote.address;
    try {
      this.#socket.send(bytes, 0, bytes.length, remote.port, address, (error) => done?.(!error));
    } catch {
      done?.(false);
    }
  }

  onDatagram(listener: (bytes: Uint8Array, remote: Endpoint) => void): void {
    this.#socket.removeAllListeners('message');
    this.#socket.on('message', (bytes: Buffer, { address, port }: RemoteInfo) =>
      listener(bytes, { address: unmapped(address), port }),
    );
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }
}

export async function openDgram(request: UdpRequest): Promise<DgramSocket> {
  try {
    const { socket, dual } = await bind(request);
    return new DgramSocket(socket, dual);
  } catch (error) {
    throw openError(error, request.port);
  }
}

/** The address a connected socket got: connecting sends nothing, it only asks the routing table. */
export async function localAddressFor(remote: string): Promise<string | undefined> {
  const socket = socketFor(isIpv6(remote) ? 6 : 4, false);
  try {
    await once(socket, (done) => socket.connect(4500, remote, done));
    return socket.address().address;
  } catch {
    return undefined;
  } finally {
    socket.close();
  }
}

export const dgramUdp: UdpPort = {
  open: openDgram,
  localAddressFor,
  pathMtu: async () => undefined,
};
