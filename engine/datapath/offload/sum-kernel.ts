/**
 * The two loops over a packet's octets that JavaScript is too slow for, as a WebAssembly module over the packet
 * memory itself: the Internet checksum (RFC 1071) sixteen octets at a time, alone or while copying. 1,400 octets take
 * some 60 ns where the plain loop over a typed array takes 300.
 *
 * The module is put together here, instruction by instruction, since it is forty of them. In words:
 *
 *     sum(at, length):            copySum(to, from, length):
 *       lanes = 0                   the same, and stores what it loads
 *       while length >= 16: lanes += the eight 16-bit words at `at`, pairwise into four 32-bit lanes
 *       total = the four lanes
 *       while length >= 2:  total += the 16-bit word at `at`
 *       if length = 1:      total += the octet at `at`
 *       fold total to 16 bits, swap its octets
 *
 * Words are taken in the machine's order and the folded sum is swapped at the end, which gives the sum in network
 * order (RFC 1071 §2 (B)). A lane grows by at most 131,070 every sixteen octets, so 64 KiB stay below 2^32.
 */

export interface SumKernel {
  /** Sixteen-bit ones' complement sum, folded, of `length` octets (at most 65,536) of the packet memory. */
  sum(at: number, length: number): number;
  /** The same of what it copies on the way; the two ranges do not overlap, or `to` lies before `from`. */
  copySum(to: number, from: number, length: number): number;
}

export interface PacketMemory extends SumKernel {
  readonly octets: Uint8Array<ArrayBuffer>;
}

const PAGE = 65536;

/** What the engine uses of WebAssembly; the tree's type libraries do not declare it. */
declare const WebAssembly: {
  Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

const I32 = 0x7f;
const I64 = 0x7e;
const V128 = 0x7b;
const VOID = 0x40;
const FUNCTION = 0x60;

const BLOCK = 0x02;
const LOOP = 0x03;
const BR = 0x0c;
const BR_IF = 0x0d;
const IF = 0x04;
const END = 0x0b;
const GET = 0x20;
const SET = 0x21;
const I32_LOAD8_U = 0x2d;
const I32_LOAD16_U = 0x2f;
const I32_STORE8 = 0x3a;
const I32_STORE16 = 0x3b;
const I32_CONST = 0x41;
const I64_CONST = 0x42;
const I32_EQZ = 0x45;
const I32_LT_U = 0x49;
const I32_ADD = 0x6a;
const I32_SUB = 0x6b;
const I32_AND = 0x71;
const I32_OR = 0x72;
const I32_SHL = 0x74;
const I32_SHR_U = 0x76;
const I64_ADD = 0x7c;
const I64_AND = 0x83;
const I64_SHR_U = 0x88;
const I32_WRAP_I64 = 0xa7;
const I64_EXTEND_I32_U = 0xad;
const SIMD = 0xfd;
const V128_LOAD = [SIMD, 0];
const V128_STORE = [SIMD, 11];
const V128_CONST_0: readonly number[] = [SIMD, 12, ...new Array<number>(16).fill(0)];
const I32X4_EXTRACT_LANE = [SIMD, 27];
const I32X4_EXTADD_PAIRWISE_I16X8_U = [SIMD, 127];
const I32X4_ADD = [SIMD, 0xae, 1];
/** Alignment exponent 0 (any address), offset 0. */
const ANYWHERE = [0, 0];

/** Numbers here stay below 2^32; LEB128, unsigned and signed. */
function unsigned(value: number): number[] {
  const out: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...out, rest];
    out.push((rest & 0x7f) | 0x80);
  }
}

function signed(value: number): number[] {
  const out: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    if (rest < 0x40) return [...out, rest];
    out.push((rest & 0x7f) | 0x80);
  }
}

const vector = (items: readonly (readonly number[])[]): number[] => [
  ...unsigned(items.length),
  ...items.flat(),
];
const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes];
const section = (id: number, bytes: readonly number[]): number[] => [id, ...sized(bytes)];
const text = (word: string): number[] => sized([...word].map((letter) => letter.charCodeAt(0)));

/** The body of either function: parameters `to` (when it copies), `at`, `length`. */
function body(copies: boolean): number[] {
  const to = 0;
  const at = copies ? 1 : 0;
  const length = at + 1;
  const [lanes, words, total] = [length + 1, length + 2, length + 3];
  const advance = (octets: number): number[] => [
    ...(copies ? [GET, to, I32_CONST, ...signed(octets), I32_ADD, SET, to] : []),
    ...[GET, at, I32_CONST, ...signed(octets), I32_ADD, SET, at],
    ...[GET, length, I32_CONST, ...signed(octets), I32_SUB, SET, length],
  ];
  /** Runs `inside` while at least so many octets are left. */
  const whileLeft = (octets: number, inside: readonly number[]): number[] => [
    ...[BLOCK, VOID, LOOP, VOID],
    ...[GET, length, I32_CONST, ...signed(octets), I32_LT_U, BR_IF, 1],
    ...inside,
    ...advance(octets),
    ...[BR, 0, END, END],
  ];
  const copyWord = (store: number, load: number): number[] =>
    copies ? [GET, to, GET, at, load, ...ANYWHERE, store, ...ANYWHERE] : [];
  const addWord = (load: number): number[] => [
    ...[GET, at, load, ...ANYWHERE, I64_EXTEND_I32_U, GET, total, I64_ADD, SET, total],
  ];
  const fold = [GET, total, I64_CONST, ...signed(16), I64_SHR_U];
  const low = [GET, total, I64_CONST, ...signed(0xffff), I64_AND];
  const folded = [...fold, ...low, I64_ADD, SET, total];
  return [
    // Locals start at zero.
    ...vector([
      [1, V128],
      [1, V128],
      [1, I64],
    ]),
    ...[...V128_CONST_0, SET, lanes],
    ...whileLeft(16, [
      ...[GET, at, ...V128_LOAD, ...ANYWHERE, SET, words],
      ...(copies ? [GET, to, GET, words, ...V128_STORE, ...ANYWHERE] : []),
      ...[GET, words, ...I32X4_EXTADD_PAIRWISE_I16X8_U, GET, lanes, ...I32X4_ADD, SET, lanes],
    ]),
    ...[0, 1, 2, 3].flatMap((lane) => [
      ...[GET, lanes, ...I32X4_EXTRACT_LANE, lane, I64_EXTEND_I32_U, GET, total, I64_ADD, SET, total],
    ]),
    ...whileLeft(2, [...copyWord(I32_STORE16, I32_LOAD16_U), ...addWord(I32_LOAD16_U)]),
    ...[GET, length, I32_EQZ, I32_EQZ, IF, VOID],
    ...copyWord(I32_STORE8, I32_LOAD8_U),
    ...addWord(I32_LOAD8_U),
    END,
    ...folded,
    ...folded,
    ...folded,
    ...[GET, total, I32_WRAP_I64, I32_CONST, 8, I32_SHL, I32_CONST, ...signed(0xff00), I32_AND],
    ...[GET, total, I32_WRAP_I64, I32_CONST, 8, I32_SHR_U, I32_OR],
    END,
  ];
}

function moduleBytes(pages: number): Uint8Array {
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      1,
      vector([
        [FUNCTION, ...vector([[I32], [I32]]), ...vector([[I32]])],
        [FUNCTION, ...vector([[I32], [I32], [I32]]), ...vector([[I32]])],
      ]),
    ),
    ...section(2, vector([[...text('m'), ...text('m'), 2, 1, ...unsigned(pages), ...unsigned(pages)]])),
    ...section(3, vector([[0], [1]])),
    ...section(
      7,
      vector([
        [...text('sum'), 0, 0],
        [...text('copySum'), 0, 1],
      ]),
    ),
    ...section(10, vector([sized(body(false)), sized(body(true))])),
  ]);
}

/** Memory of at least `length` octets that never moves, with the kernel over it. */
export function packetMemory(length: number): PacketMemory {
  const pages = Math.ceil(length / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const module = new WebAssembly.Module(moduleBytes(pages));
  const { exports } = new WebAssembly.Instance(module, { m: { m: memory } });
  const { sum, copySum } = exports as SumKernel;
  return { octets: new Uint8Array(memory.buffer), sum, copySum };
}
