/** MD4 (RFC 1320), which MS-CHAPv2 hashes passwords with and no library here has. Nothing relies on its strength. */
import { wipe } from '../../base/bytes.ts';

const BLOCK = 64;

const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by));

type Mix = (b: number, c: number, d: number) => number;

interface Round {
  readonly mix: Mix;
  readonly constant: number;
  /** The order in which the words of a block come in. */
  readonly order: readonly number[];
  readonly shifts: readonly number[];
}

const ROUNDS: readonly Round[] = [
  {
    mix: (b, c, d) => (b & c) | (~b & d),
    constant: 0,
    order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    shifts: [3, 7, 11, 19],
  },
  {
    mix: (b, c, d) => (b & c) | (b & d) | (c & d),
    constant: 0x5a827999,
    order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
    shifts: [3, 5, 9, 13],
  },
  {
    mix: (b, c, d) => b ^ c ^ d,
    constant: 0x6ed9eba1,
    order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
    shifts: [3, 9, 11, 15],
  },
];

/** 16 octets. */
export function md4(message: Uint8Array): Uint8Array {
  const padded = new Uint8Array((Math.floor((message.length + 8) / BLOCK) + 1) * BLOCK);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, message.length << 3, true);
  view.setUint32(padded.length - 4, Math.floor(message.length / 0x2000_0000), true);
  const state = new Int32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]);
  for (let at = 0; at < padded.length; at += BLOCK) absorb(state, view, at);
  wipe(padded);
  const out = new Uint8Array(16);
  const words = new DataView(out.buffer);
  for (let i = 0; i < 4; i++) words.setInt32(4 * i, state[i] as number, true);
  return out;
}

function absorb(state: Int32Array, view: DataView, at: number): void {
  let [a, b, c, d] = state as unknown as [number, number, number, number];
  for (const { mix, constant, order, shifts } of ROUNDS) {
    for (let step = 0; step < 16; step++) {
      const word = view.getUint32(at + 4 * (order[step] as number), true);
      const next = rotate((a + mix(b, c, d) + word + constant) | 0, shifts[step % 4] as number);
      [a, b, c, d] = [d, next, b, c];
    }
  }
  state[0] = (state[0] as number) + a;
  state[1] = (state[1] as number) + b;
  state[2] = (state[2] as number) + c;
  state[3] = (state[3] as number) + d;
}
