/**
 * What Darwin tells of its routes and interfaces when it is asked by PF_ROUTE's sysctl (route(4)). Nobody else hears of
 * the question, unlike that of an RTM_GET, whose answer goes to everyone who watches for changes.
 */
import { OsError } from '../error.ts';
import { AF, CTL_NET, NET_RT } from '../ffi/abi.darwin.ts';
import type { DarwinLibc } from '../ffi/libc.darwin.ts';
import { addressOf, fixedMemory } from '../ffi/memory.ts';
import { readLinks, readTable, type TableLink, type TableRoute } from './messages.darwin.ts';

/** A table may grow between the question for its length and the one for its content. */
const TRIES = 4;
const ENOMEM = 12;

function ask(libc: AskLibc, what: number): Uint8Array {
  const name = fixedMemory(24);
  new Int32Array(name.buffer).set([CTL_NET, AF.ROUTE, 0, 0, what, 0]);
  const length = fixedMemory(8);
  const lengthView = new DataView(length.buffer);
  const call = (at: number): number => libc.sysctl(addressOf(name), 6, at, addressOf(length));
  for (let i = 0; i < TRIES; i++) {
    if (call(0) !== 0) break;
    const wanted = Number(lengthView.getBigUint64(0, true));
    const room = wanted + (wanted >>> 3) + 1024;
    const octets = fixedMemory(room);
    lengthView.setBigUint64(0, BigInt(room), true);
    if (call(addressOf(octets)) === 0) return octets.subarray(0, Number(lengthView.getBigUint64(0, true)));
    if (libc.errno() !== ENOMEM) break;
  }
  const detail = `sysctl net.route ${what}: errno ${libc.errno()}`;
  throw new OsError('route-failed', 'the routes of this host cannot be read', detail);
}

type AskLibc = Pick<DarwinLibc, 'sysctl' | 'errno'>;

/** @throws OsError `route-failed` */
export const darwinTable = (libc: AskLibc): TableRoute[] => readTable(ask(libc, NET_RT.DUMP));

/** @throws OsError `route-failed` */
export const darwinLinks = (libc: AskLibc): TableLink[] => readLinks(ask(libc, NET_RT.IFLIST));
