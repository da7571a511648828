/** What the main thread and the data path's workers say to each other. */
import type { MessagePort } from 'node:worker_threads';
import type { Endpoint } from '../base/ip.ts';
import type { Marks } from '../base/marks.ts';
import type { EspSaPair } from '../esp/params.ts';
import type { TunOffload } from '../os/tun/port.ts';
import type { DatapathEvent, PeerPath, TrapSelectors } from './protocol.ts';

/** A worker serves one direction: outbound seals what the tun gives, inbound opens what the socket gives. */
export type Direction = 'outbound' | 'inbound';

export interface WorkerSetup {
  readonly direction: Direction;
  readonly port: MessagePort;
  readonly tunFd: number;
  readonly tunOffload: TunOffload;
  /**
   * Whose system calls are made, and the library that they come from; `null` is the running executable. On Windows it
   * is wintun.dll, `tunFd` a session of its, `udpFd` and `wakeFd` handles.
   */
  readonly system: 'linux' | 'darwin' | 'windows';
  readonly library: string | null;
  readonly udpFd: number;
  /** The socket sends (UDP_SEGMENT, sendmsg_x, UDP_SEND_MSG_SIZE) and receives (UDP_GRO, recvmsg_x) many datagrams at once. */
  readonly segments: boolean;
  readonly coalesces: boolean;
  /** What it takes and tells of the traffic class of each datagram. */
  readonly says: Marks;
  readonly tells: Marks;
  readonly wakeFd: number;
  /** Float64 counters of `counters.ts`. */
  readonly counters: SharedArrayBuffer;
  /** Int32 words of {@link Control}. */
  readonly control: SharedArrayBuffer;
  readonly localPort: number;
  /** Library whose exports OpenSSL is taken from; `null` is the running executable. */
  readonly openSslPath: string | null;
}

/** Indices into a worker's control words. */
export const Control = {
  /** 1 once the worker must end. */
  STOP: 0,
  /** Events posted and taken: their difference is what waits for the main thread. */
  POSTED: 1,
  TAKEN: 2,
} as const;
export const CONTROL_BYTE_LENGTH = 64;

/** Events that may wait for the main thread; more are dropped, so that a flood cannot fill its memory. */
export const MOST_WAITING = 1024;

export type Downward =
  /** With the keys of the worker's direction alone. */
  | { readonly kind: 'install'; readonly pair: EspSaPair; readonly path: PeerPath; readonly slot: number }
  | { readonly kind: 'activate'; readonly id: number }
  | { readonly kind: 'remove'; readonly id: number; readonly lingerMs: number }
  | { readonly kind: 'path'; readonly id: number; readonly path: PeerPath }
  | { readonly kind: 'trap'; readonly id: number; readonly selectors: TrapSelectors | undefined }
  | { readonly kind: 'keepalive'; readonly remote: Endpoint; readonly seconds: number }
  | { readonly kind: 'mtu'; readonly mtu: number };

export type Upward =
  | { readonly kind: 'ready' }
  | { readonly kind: 'event'; readonly event: DatapathEvent }
  /** The direction has nothing of the pair any more. */
  | { readonly kind: 'released'; readonly id: number }
  /** The system does not send in segments after all. */
  | { readonly kind: 'segments-lost' }
  /** It takes no more than this of a traffic class after all. */
  | { readonly kind: 'says'; readonly marks: Marks }
  | { readonly kind: 'failed'; readonly reason: string };
