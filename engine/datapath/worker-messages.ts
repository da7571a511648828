/** What the main thread and the data path's worker say to each other. */
import type { MessagePort } from 'node:worker_threads';
import type { Endpoint } from '../base/ip.ts';
import type { EspSaPair } from '../esp/params.ts';
import type { DatapathEvent, PeerPath } from './protocol.ts';

export interface WorkerSetup {
  readonly port: MessagePort;
  readonly tunFd: number;
  readonly udpFd: number;
  readonly wakeFd: number;
  /** Float64 counters of `counters.ts`. */
  readonly counters: SharedArrayBuffer;
  /** Int32 words of {@link Control}. */
  readonly control: SharedArrayBuffer;
  readonly localPort: number;
  /** Library whose exports OpenSSL is taken from; `null` is the running executable. */
  readonly openSslPath: string | null;
}

/** Indices into the control words. */
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
  | { readonly kind: 'install'; readonly pair: EspSaPair; readonly path: PeerPath; readonly slot: number }
  | { readonly kind: 'activate'; readonly id: number }
  | { readonly kind: 'remove'; readonly id: number; readonly lingerMs: number }
  | { readonly kind: 'path'; readonly id: number; readonly path: PeerPath }
  | { readonly kind: 'keepalive'; readonly remote: Endpoint; readonly seconds: number }
  | { readonly kind: 'mtu'; readonly mtu: number };

export type Upward =
  | { readonly kind: 'ready' }
  | { readonly kind: 'event'; readonly event: DatapathEvent }
  | { readonly kind: 'released'; readonly id: number }
  | { readonly kind: 'failed'; readonly reason: string };
