/** Builds the stand-in for Darwin's C library and binds what steers it; see darwin-double.c. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import { type DarwinLibc, loadDarwinLibc } from '../../../../../engine/os/ffi/libc.darwin.ts';
import { requireOrSkip } from '../../../../support/require.ts';

const SOURCE = fileURLToPath(new URL('./darwin-double.c', import.meta.url));
const RECORD_LENGTH = 1 << 20;

export interface DarwinDouble {
  readonly library: string;
  readonly libc: DarwinLibc;
  /** What was called since the last time, one line a call. */
  take(): readonly string[];
  record(on: boolean): void;
  /** The next call of that name fails with that number. */
  fail(name: string, errno: number): void;
  /** As on releases whose `sendmsg_x` takes no addresses. */
  refuseNames(on: boolean): void;
  /** As on a release that knows no control message for a traffic class. */
  refuseControl(on: boolean): void;
  /** What the structure of a unix socket's peer says of itself. */
  peer(version: number, groups: number): void;
  /** The other end of a utun: packets with their header. */
  hostEnd(fd: number): number;
  /** A route that is there from the beginning. */
  route(message: Uint8Array): void;
  forgetRoutes(): void;
  /** Every routing socket has this message to read. */
  tell(message: Uint8Array): void;
}

let built: DarwinDouble | undefined;

/** `undefined` where it cannot be built, and the test is skipped. One for the whole process. */
export function darwinDouble(t: TestContext): DarwinDouble | undefined {
  if (!requireOrSkip(t, { commands: ['gcc'], files: ['/proc/self/fd'] })) return undefined;
  built ??= build();
  return built;
}

function build(): DarwinDouble {
  const folder = mkdtempSync(join(tmpdir(), 'culvert-darwin-'));
  const library = join(folder, 'libdarwin-double.so');
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const flags = ['-O1', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-fvisibility=hidden'];
  execFileSync('gcc', [...flags, '-o', library, SOURCE], { stdio: 'inherit' });
  const libc = loadDarwinLibc(library);
  if (!libc) throw new Error('the bindings do not fit the double');
  const lib = koffi.load(library);
  const takeInto = lib.func('double_take', 'int', ['_Out_ uint8_t *', 'uint']);
  const addRoute = lib.func('double_route', 'int', ['uint8_t *', 'uint']);
  const tell = lib.func('double_tell', 'void', ['uint8_t *', 'uint']);
  const record = new Uint8Array(RECORD_LENGTH);
  return {
    library,
    libc,
    take: () => {
      const length: number = takeInto(record, record.length);
      return new TextDecoder().decode(record.subarray(0, length)).split('\n').slice(0, -1);
    },
    record: lib.func('double_record', 'void', ['bool']),
    fail: lib.func('double_fail', 'void', ['str', 'int']),
    refuseNames: lib.func('double_refuse_names', 'void', ['bool']),
    refuseControl: lib.func('double_refuse_control', 'void', ['bool']),
    peer: lib.func('double_peer', 'void', ['int', 'int']),
    hostEnd: lib.func('double_host_end', 'int', ['int']),
    route: (message) => addRoute(message, message.length),
    forgetRoutes: lib.func('double_forget_routes', 'void', []),
    tell: (message) => tell(message, message.length),
  };
}
