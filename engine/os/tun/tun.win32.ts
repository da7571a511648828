/**
 * The tun of Windows: an adapter of wintun, whose packets pass through two rings that the driver shares with us. The
 * adapter goes with the process that made it, so nothing of it is left by a crash.
 */
import { createHash } from 'node:crypto';
import { uptime } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { OsError } from '../error.ts';
import { ERROR, WAIT } from '../ffi/abi.win32.ts';
import { type Handle, type Kernel32, loadKernel32 } from '../ffi/kernel32.win32.ts';
import { addressOf, fixedMemory } from '../ffi/memory.ts';
import { loadWintun, WINTUN_LARGEST_PACKET, WINTUN_RING_CAPACITY, type Wintun } from '../ffi/wintun.win32.ts';
import type { Tun, TunOffload, TunPort, TunRequest } from './port.ts';

/** What the adapters are called in the device manager. */
const TUNNEL_TYPE = 'Culvert';
/** Packets read in one go in the event loop's mode. */
const BATCH = 64;
const SLOT = 65_536;
const MOST_NUMBERS = 256;
const FOR_EVER = 0xffff_ffff;

/** While Windows starts, the driver may not be ready for an adapter: then it is asked again. */
const BOOT_TRIES = 15;
const BOOT_PAUSE_MS = 1000;
const BOOT_SECONDS = 600;

export interface WindowsTunParts {
  readonly wintun: Wintun;
  readonly kernel: Kernel32;
  /** Seconds since Windows was started. */
  readonly uptime: () => number;
  readonly pause: (milliseconds: number) => Promise<void>;
}

/** Of an engine: wintun.dll lies beside its executable, where only an administrator can put one. */
export const installedWintun = (executable: string): string => join(dirname(executable), 'wintun.dll');

/**
 * With the installed wintun.dll.
 * @throws OsError `tun-unavailable` when there is none
 */
export function installedTun(executable: string): TunPort {
  const path = installedWintun(executable);
  const wintun = loadWintun(path);
  if (!wintun) throw new OsError('tun-unavailable', 'no tun: wintun.dll is not beside the engine', path);
  return windowsTun({ wintun, kernel: loadKernel32(), uptime, pause: setTimeout });
}

export const windowsTun = (parts: WindowsTunParts): TunPort => ({
  open: async (request) => {
    const tries = parts.uptime() < BOOT_SECONDS ? BOOT_TRIES : 1;
    for (let attempt = 1; ; attempt++) {
      try {
        return openTun(parts, request);
      } catch (error) {
        if (attempt >= tries || (error instanceof OsError && error.code === 'permission')) throw error;
        await parts.pause(BOOT_PAUSE_MS);
      }
    }
  },
});

function unavailable(what: string, error: number): OsError {
  if (error === ERROR.ACCESS_DENIED)
    return new OsError('permission', 'no tun: the engine needs the rights of LocalSystem', what);
  return new OsError('tun-unavailable', 'no tun: wintun has refused it', `${what}: error ${error}`);
}

/** The same for a name each time: Windows keeps what it knows of a network by it. */
export function adapterGuid(name: string): Uint8Array {
  const guid = Uint8Array.from(
    createHash('sha256').update(`culvert adapter ${name}`).digest().subarray(0, 16),
  );
  // RFC 9562 version 8, in the byte order of a GUID, and its variant.
  guid[7] = ((guid[7] as number) & 0x0f) | 0x80;
  guid[8] = ((guid[8] as number) & 0x3f) | 0x80;
  return guid;
}

/** A `%d` is replaced by the first number that no adapter of ours has. */
function freeName(wintun: Wintun, name: string): string {
  if (!name.includes('%d')) return name;
  for (let number = 0; number < MOST_NUMBERS; number++) {
    const candidate = name.replace('%d', String(number));
    const existing = wintun.openAdapter(candidate);
    if (existing === 0) return candidate;
    wintun.closeAdapter(existing);
  }
  throw new OsError('tun-unavailable', `no tun: all names ${name} are in use`);
}

function openTun({ wintun, kernel }: WindowsTunParts, request: TunRequest): Tun {
  const { mtu } = request;
  if (!/^[\w.%-]{1,15}$/.test(request.name))
    throw new OsError('tun-unavailable', `no tun: ${JSON.stringify(request.name)} is no interface name`);
  const name = freeName(wintun, request.name);
  const adapter = wintun.createAdapter(name, TUNNEL_TYPE, adapterGuid(name));
  if (adapter === 0) throw unavailable('WintunCreateAdapter', kernel.lastError());
  const session = wintun.startSession(adapter, WINTUN_RING_CAPACITY);
  if (session === 0) {
    const error = kernel.lastError();
    wintun.closeAdapter(adapter);
    throw unavailable('WintunStartSession', error);
  }
  return new WindowsTun(wintun, kernel, adapter, session, name, mtu);
}

class WindowsTun implements Tun {
  readonly name: string;
  readonly mtu: number;
  /** The session. */
  readonly fd: number;
  readonly offload: TunOffload = 'none';
  readonly #wintun: Wintun;
  readonly #kernel: Kernel32;
  readonly #adapter: Handle;
  readonly #memory = fixedMemory(WINTUN_LARGEST_PACKET);
  readonly #memoryAt = addressOf(this.#memory);
  #reader: EventLoopReader | undefined;
  #closed = false;

  constructor(wintun: Wintun, kernel: Kernel32, adapter: Handle, session: Handle, name: string, mtu: number) {
    this.#wintun = wintun;
    this.#kernel = kernel;
    this.#adapter = adapter;
    this.fd = session;
    this.name = name;
    this.mtu = mtu;
  }

  onPackets(listener: (packets: readonly Uint8Array[]) => void): void {
    this.#reader ??= new EventLoopReader(this.#wintun, this.#kernel, this.fd);
    this.#reader.listener = listener;
  }

  write(packets: readonly Uint8Array[]): number {
    let taken = 0;
    for (const packet of packets) {
      if (this.#closed || packet.length > WINTUN_LARGEST_PACKET) break;
      const at = this.#wintun.allocate(this.fd, packet.length);
      if (at === 0) break;
      this.#memory.set(packet);
      this.#kernel.copy(at, this.#memoryAt, packet.length);
      this.#wintun.send(this.fd, at);
      taken++;
    }
    return taken;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const close = (): void => {
      this.#wintun.endSession(this.fd);
      this.#wintun.closeAdapter(this.#adapter);
    };
    // The session's event may only go once nobody waits for it.
    if (this.#reader) this.#reader.stop(close);
    else close();
  }
}

/** Waits on one of koffi's threads and reads on the event loop: for the inline data path. */
class EventLoopReader {
  listener: (packets: readonly Uint8Array[]) => void = () => undefined;
  readonly #wintun: Wintun;
  readonly #kernel: Kernel32;
  readonly #session: Handle;
  readonly #wake: Handle;
  readonly #handles = fixedMemory(16);
  readonly #handlesAt = addressOf(this.#handles);
  readonly #arena = fixedMemory(BATCH * SLOT);
  readonly #arenaAt = addressOf(this.#arena);
  readonly #length = new Uint32Array(fixedMemory(4).buffer);
  readonly #lengthAt = addressOf(new Uint8Array(this.#length.buffer));
  readonly #packets: Uint8Array[] = [];
  #stopped: (() => void) | undefined;

  constructor(wintun: Wintun, kernel: Kernel32, session: Handle) {
    this.#wintun = wintun;
    this.#kernel = kernel;
    this.#session = session;
    this.#wake = kernel.createEvent(true);
    const handles = new BigUint64Array(this.#handles.buffer);
    handles[0] = BigInt(this.#wake);
    handles[1] = BigInt(wintun.readWaitEvent(session));
    this.#wait();
  }

  stop(done: () => void): void {
    this.#stopped = done;
    this.#kernel.setEvent(this.#wake);
  }

  #wait(): void {
    this.#kernel.waitForAnyAsync(this.#handlesAt, 2, FOR_EVER, (which) => {
      const done = this.#stopped;
      if (done) {
        this.#kernel.closeHandle(this.#wake);
        done();
        return;
      }
      if (which === WAIT.FAILED) return;
      // The wait has taken the event, so nothing may stay behind.
      while (this.#read() === BATCH);
      this.#wait();
    });
  }

  /** Hands on what has arrived, a batch at most; returns how many. */
  #read(): number {
    this.#packets.length = 0;
    for (let i = 0; i < BATCH; i++) {
      const packet = this.#wintun.receive(this.#session, this.#lengthAt);
      if (packet === 0) break;
      const length = Math.min(this.#length[0] as number, SLOT);
      this.#kernel.copy(this.#arenaAt + i * SLOT, packet, length);
      this.#wintun.release(this.#session, packet);
      this.#packets.push(this.#arena.subarray(i * SLOT, i * SLOT + length));
    }
    if (this.#packets.length > 0) this.listener(this.#packets);
    return this.#packets.length;
  }
}
