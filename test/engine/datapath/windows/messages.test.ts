/** What leaves and arrives as one message on Windows, over a Winsock that is played: the part that Wine cannot show. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import koffi from 'koffi';
import type { Marks } from '../../../../engine/base/marks.ts';
import { SOCKADDR_LENGTH, writeSockaddr } from '../../../../engine/base/sockaddr.ts';
import type { Target } from '../../../../engine/datapath/targets.ts';
import { Targets } from '../../../../engine/datapath/targets.ts';
import { ARRIVAL_LENGTH, Arrival } from '../../../../engine/datapath/windows/arrival.ts';
import { EventWaiter } from '../../../../engine/datapath/windows/calls.ts';
import { WindowsDepartures } from '../../../../engine/datapath/windows/departures.ts';
import { RingWriter } from '../../../../engine/datapath/windows/ring-writer.ts';
import { WAIT, WSABUF, WSAE, WSAMSG } from '../../../../engine/os/ffi/abi.win32.ts';
import { fixedMemory } from '../../../../engine/os/ffi/memory.ts';
import { octetsAt, put } from '../support/played-memory.ts';

const SOCKET = 44;
const view = (octets: Uint8Array): DataView => new DataView(octets.buffer);

function target(address: string): Target {
  return new Targets().take({ address, port: 4500 });
}

interface Sent {
  readonly octets: string;
  readonly port: number;
  /** Of UDP_SEND_MSG_SIZE; 0 without. */
  readonly size: number;
  /** Level, type and value of its mark; empty without. */
  readonly mark: readonly number[];
}

type Message = Pick<Sent, 'size' | 'mark'>;

/** The control messages of a WSAMSG: header and data at multiples of eight (WSA_CMSG_LEN and WSA_CMSG_SPACE of a DWORD). */
function readControl(fields: DataView): Message {
  const length = fields.getUint32(WSAMSG.controllen, true);
  assert.ok([0, 24, 48].includes(length), `${length} octets of control data`);
  if (length === 0) return { size: 0, mark: [] };
  const control = view(octetsAt(Number(fields.getBigUint64(WSAMSG.control, true)), length));
  const messages = Array.from({ length: length / 24 }, (_, i) => {
    assert.equal(control.getBigUint64(24 * i, true), 20n);
    return [8, 12, 16].map((at) => control.getInt32(24 * i + at, true));
  });
  const isSize = ([level, type]: readonly number[]): boolean => level === 17 && type === 2;
  const marks = messages.filter((message) => !isSize(message));
  assert.ok(marks.length < 2);
  return { size: messages.find(isSize)?.[2] ?? 0, mark: marks[0] ?? [] };
}

interface Wish {
  /** Which messages fail. */
  readonly refuse?: (message: Message) => boolean;
  readonly segments?: boolean;
  readonly says?: Marks;
  /** What for. */
  readonly error?: number;
}

function sender({ refuse = () => false, segments = true, says = 'none', error = WSAE.INVAL }: Wish = {}) {
  const sent: Sent[] = [];
  const stepped: Marks[] = [];
  const memory = fixedMemory(4096);
  const lost: number[] = [];
  let gaveUp = 0;
  const departures = new WindowsDepartures({
    winsock: {
      sendMessage: (socket, message, flags) => {
        assert.deepEqual([socket, flags], [SOCKET, 0]);
        const fields = view(octetsAt(message, WSAMSG.size));
        const pointer = (field: number): number => Number(fields.getBigUint64(field, true));
        const buffer = view(octetsAt(pointer(WSAMSG.buffers), WSABUF.size));
        const length = buffer.getUint32(WSABUF.len, true);
        const octets = Buffer.from(
          octetsAt(Number(buffer.getBigUint64(WSABUF.buf, true)), length),
        ).toString();
        const name = octetsAt(pointer(WSAMSG.name), fields.getUint32(WSAMSG.namelen, true));
        const control = readControl(fields);
        if (refuse(control)) return -1;
        assert.deepEqual([name[0], name[1]], [23, 0], 'AF_INET6');
        sent.push({ octets, port: view(name).getUint16(2), ...control });
        return 0;
      },
      sendto: (_socket, at, length) => {
        const octets = Buffer.from(octetsAt(at, length)).toString();
        if (octets.includes('x')) return -1;
        sent.push({ octets, port: 0, size: 0, mark: [] });
        return length;
      },
      lastError: () => error,
    },
    socket: SOCKET,
    memory,
    at: 64,
    length: 1000,
    segments,
    says,
    lost: (n) => lost.push(n),
    gaveUp: () => gaveUp++,
    saysOnly: (marks) => stepped.push(marks),
  });
  const add = (text: string, to: Target, trafficClass = 0): void => {
    memory.set(new TextEncoder().encode(text), departures.next);
    departures.add(text.length, to, trafficClass);
  };
  return { departures, add, sent, lost, stepped, gaveUp: () => gaveUp };
}

test('neighbours of one size to one peer are one message, of which only the last is shorter', () => {
  const { departures, add, sent } = sender();
  const [a, b] = [target('192.0.2.1'), target('2001:db8::1')];
  for (const text of ['aaaa', 'bbbb', 'cc', 'dddd', 'eeeeee', 'ffffff']) add(text, a);
  add('gggggg', b);
  departures.flush();
  assert.ok(departures.isEmpty);
  assert.deepEqual(
    sent.map(({ octets, size }) => [octets, size]),
    [
      ['aaaabbbbcc', 4],
      ['dddd', 0],
      ['eeeeeeffffff', 6],
      ['gggggg', 0],
    ],
  );
  assert.ok(sent.every(({ port }) => port === 4500));
  assert.equal(departures.next, 64, 'the memory is used anew');
});

test('without segments each packet is a message', () => {
  const { departures, add, sent } = sender({ segments: false });
  const a = target('192.0.2.1');
  for (const text of ['aaaa', 'bbbb']) add(text, a);
  departures.flush();
  assert.deepEqual(
    sent.map(({ octets, size }) => [octets, size]),
    [
      ['aaaa', 0],
      ['bbbb', 0],
    ],
  );
  assert.ok(departures.hasRoom(1000));
  assert.ok(!departures.hasRoom(1001));
});

test('what the system does not segment goes one by one, and is not asked for again', () => {
  const { departures, add, sent, lost, gaveUp } = sender({ refuse: ({ size }) => size > 0 });
  const a = target('192.0.2.1');
  for (const text of ['aaaa', 'bbbb', 'cc']) add(text, a);
  departures.flush();
  assert.deepEqual(
    sent.map(({ octets }) => octets),
    ['aaaa', 'bbbb', 'cc'],
  );
  assert.equal(gaveUp(), 1);
  for (const text of ['dddd', 'eeee']) add(text, a);
  departures.flush();
  assert.deepEqual(
    sent.slice(3).map(({ size }) => size),
    [0, 0],
  );
  assert.deepEqual(lost, []);
});

test('a peer that cannot be reached is no reason to give segments up', () => {
  const { departures, add, lost, gaveUp } = sender({ refuse: () => true });
  const a = target('192.0.2.1');
  for (const text of ['xxxx', 'aaaa']) add(text, a);
  departures.flush();
  assert.deepEqual(lost, [1]);
  assert.equal(gaveUp(), 0);
  add('aaaa', a);
  departures.flush();
  assert.deepEqual(lost, [1, 1]);
});

const [IP, IPV6] = [0, 41] as const;
const [IP_TOS, IPV6_TCLASS, ECN] = [3, 39, 50] as const;

/** What was sent, as text with its mark. */
const marked = (sent: readonly Sent[]): (readonly [string, ...number[]])[] =>
  sent.map(({ octets, mark }) => [octets, ...mark]);

test('the ECN field goes with a message, which has one for all its packets', () => {
  const { departures, add, sent, stepped } = sender({ says: 'ecn' });
  const [a, b] = [target('192.0.2.1'), target('2001:db8::1')];
  // DSCP alone is no difference where it is not said; CE is nobody's to send, and goes as ECT(0).
  for (const [text, value] of [
    ['aaaa', 0],
    ['bbbb', 0xb8],
    ['cccc', 2],
    ['dddd', 0xba],
    ['eeee', 3],
    ['ffff', 1],
    ['gggg', 0],
  ] as const)
    add(text, a, value);
  add('hhhh', b, 1);
  add('iiii', b, 0xbb);
  departures.flush();
  assert.deepEqual(marked(sent), [
    ['aaaabbbb'],
    ['ccccddddeeee', IP, ECN, 2],
    ['ffff', IP, ECN, 1],
    ['gggg'],
    ['hhhh', IPV6, ECN, 1],
    ['iiii', IPV6, ECN, 2],
  ]);
  assert.deepEqual(stepped, []);
});

test('the whole traffic class goes with a message where the system takes it', () => {
  const { departures, add, sent } = sender({ says: 'class' });
  const [a, b] = [target('192.0.2.1'), target('2001:db8::1')];
  for (const [text, to, value] of [
    ['aaaa', a, 0xb8],
    ['bbbb', a, 0xba],
    ['cccc', a, 0xbb],
    ['dddd', b, 0x20],
  ] as const)
    add(text, to, value);
  departures.flush();
  assert.deepEqual(marked(sent), [
    ['aaaa', IP, IP_TOS, 0xb8],
    ['bbbbcccc', IP, IP_TOS, 0xba],
    ['dddd', IPV6, IPV6_TCLASS, 0x20],
  ]);
});

test('what is refused for its mark goes with less, and then no more is asked', () => {
  const takes: Readonly<Record<Marks, readonly number[]>> = { class: [IP_TOS, ECN], ecn: [ECN], none: [] };
  for (const [says, left, steps] of [
    ['class', 'ecn', ['ecn']],
    ['class', 'none', ['ecn', 'none']],
    ['ecn', 'none', ['none']],
  ] as const) {
    const refuse = ({ mark }: Message): boolean => mark.length > 0 && !takes[left].includes(mark[1] ?? 0);
    const { departures, add, sent, lost, stepped, gaveUp } = sender({ says, refuse });
    const a = target('192.0.2.1');
    for (let round = 0; round < 3; round++) {
      for (const text of ['aaaa', 'bbbb']) add(text, a, 0xba);
      departures.flush();
    }
    const last = left === 'ecn' ? ['aaaabbbb', IP, ECN, 2] : ['aaaabbbb'];
    assert.deepEqual(marked(sent), [['aaaabbbb'], steps.length === 1 ? last : ['aaaabbbb'], last]);
    assert.deepEqual([stepped, lost, gaveUp()], [steps, [], 0]);
  }
});

test('segments that are refused cost no marks, nor does a peer that cannot be reached', () => {
  const { departures, add, sent, lost, stepped, gaveUp } = sender({
    says: 'ecn',
    refuse: ({ size }) => size > 0,
  });
  const a = target('192.0.2.1');
  for (const text of ['aaaa', 'bbbb', 'cc']) add(text, a, 2);
  departures.flush();
  const mark = [IP, ECN, 2] as const;
  assert.deepEqual(marked(sent), [
    ['aaaa', ...mark],
    ['bbbb', ...mark],
    ['cc', ...mark],
  ]);
  assert.deepEqual([lost, stepped, gaveUp()], [[], [], 1]);
  const none = sender({ says: 'ecn', refuse: () => true, error: WSAE.NETRESET });
  for (const text of ['aaaa', 'bbbb']) none.add(text, a, 2);
  none.departures.flush();
  assert.deepEqual([none.lost, none.stepped, none.gaveUp()], [[1, 1], [], 0]);
});

/** Control messages as Windows lays them out: headers and data at multiples of eight. */
function controlOf(...messages: (readonly [level: number, type: number, data: Uint8Array])[]): Uint8Array {
  const parts = messages.map(([level, type, data]) => {
    const part = new Uint8Array((16 + data.length + 7) & ~7);
    const fields = view(part);
    fields.setUint32(0, 16 + data.length, true);
    fields.setInt32(8, level, true);
    fields.setInt32(12, type, true);
    part.set(data, 16);
    return part;
  });
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function receiver(text: string, control: Uint8Array, claimed = control.length) {
  const memory = fixedMemory(ARRIVAL_LENGTH);
  const name = new Uint8Array(SOCKADDR_LENGTH);
  writeSockaddr({ address: '192.0.2.9', port: 4501 }, name, 0);
  const octets = new TextEncoder().encode(text);
  const arrival = new Arrival(
    (socket, message, received) => {
      assert.equal(socket, SOCKET);
      const fields = view(octetsAt(message, WSAMSG.size));
      const pointer = (field: number): number => Number(fields.getBigUint64(field, true));
      const buffer = view(octetsAt(pointer(WSAMSG.buffers), WSABUF.size));
      put(Number(buffer.getBigUint64(WSABUF.buf, true)), octets);
      put(pointer(WSAMSG.name), name);
      if (control.length > 0) put(pointer(WSAMSG.control), control);
      koffi.encode(message + WSAMSG.controllen, 'uint32', claimed);
      koffi.encode(received, 'uint32', octets.length);
      return text === '' ? -1 : 0;
    },
    SOCKET,
    memory,
  );
  return { arrival, memory };
}

const word = (value: number): Uint8Array => {
  const octets = new Uint8Array(4);
  view(octets).setUint32(0, value, true);
  return octets;
};
const PKTINFO4 = Uint8Array.of(10, 0, 0, 7, 3, 0, 0, 0);

test('a message tells the size of its datagrams and the address that they came to', () => {
  const { arrival, memory } = receiver('aaaabbbbcc', controlOf([0, 19, PKTINFO4], [17, 3, word(4)]));
  assert.ok(arrival.receive());
  assert.deepEqual([arrival.length, arrival.size, arrival.localAddress()], [10, 4, '10.0.0.7']);
  const end = arrival.at + arrival.length;
  assert.equal(Buffer.from(memory.subarray(arrival.at, end)).toString(), 'aaaabbbbcc');
  const six = new Uint8Array(20);
  six.set([0x20, 0x01, 0x0d, 0xb8], 0);
  six[15] = 5;
  const other = receiver('one', controlOf([41, 19, six])).arrival;
  assert.ok(other.receive());
  assert.deepEqual([other.size, other.localAddress()], [3, '2001:db8::5']);
});

test('the ECN field of a message is told by either family', () => {
  for (const [level, value, expected] of [
    [IP, 3, 3],
    [IPV6, 1, 1],
    [IP, 0xbb, 3],
    [17, 2, -1],
  ] as const) {
    const { arrival } = receiver(
      'aaaa',
      controlOf([IP, 19, PKTINFO4], [level, ECN, word(value)], [17, 3, word(2)]),
    );
    assert.ok(arrival.receive());
    assert.deepEqual([arrival.ecn, arrival.size], [expected, 2]);
  }
  const { arrival } = receiver('aaaa', controlOf([IP, 19, PKTINFO4]));
  assert.ok(arrival.receive());
  assert.equal(arrival.ecn, -1);
});

test('control messages that cannot be are not read', () => {
  for (const [control, claimed] of [
    [new Uint8Array(0), 0],
    [controlOf([17, 3, word(0)]), 24],
    [controlOf([17, 3, word(4)]).subarray(0, 18), 18],
    [controlOf([17, 3, new Uint8Array(0)]), 16],
    [controlOf([0, 50, word(3)]).subarray(0, 18), 18],
    [Uint8Array.from({ length: 32 }, () => 0), 32],
    [Uint8Array.from({ length: 128 }, () => 0xff), 0xffff_ffff],
  ] as const) {
    const { arrival } = receiver('whole', Uint8Array.from(control), claimed);
    assert.ok(arrival.receive());
    assert.deepEqual([arrival.size, arrival.localAddress(), arrival.ecn], [5, undefined, -1]);
  }
  assert.equal(receiver('', new Uint8Array(0)).arrival.receive(), false);
});

test('the ring takes packets as long as it has room', () => {
  const ring: Uint8Array[] = [];
  const sent: string[] = [];
  let refused = 0;
  const calls = {
    wintun: {
      receive: () => 0,
      release: () => undefined,
      readWaitEvent: () => 0,
      allocate: (_session: number, length: number) => {
        if (ring.length === 2) return 0;
        ring.push(fixedMemory(length));
        return Number(koffi.address(ring.at(-1) as Uint8Array));
      },
      send: () => sent.push(Buffer.from(ring.at(-1) as Uint8Array).toString()),
    },
    winsock: {
      lastError: () => 0,
      sendMessage: () => 0,
      sendto: () => 0,
      selectEvents: () => 0,
      receiveMessage: () => undefined,
    },
    kernel: {
      waitForAny: () => WAIT.TIMEOUT,
      createEvent: () => 1,
      closeHandle: () => 1,
      copy: (to: number, from: number, length: number) => put(to, octetsAt(from, length)),
    },
  };
  const memory = fixedMemory(100);
  memory.set(new TextEncoder().encode('inside'), 40);
  const writer = new RingWriter(calls, 20, memory, () => refused++);
  writer.write(40, 6);
  writer.copy(new TextEncoder().encode('elsewhere'));
  writer.write(40, 6);
  assert.deepEqual([sent, refused], [['inside', 'elsewhere'], 1]);
});

test('a wait tells which of the two events it has taken', () => {
  const answers = [WAIT.OBJECT_0, WAIT.OBJECT_0 + 1, WAIT.TIMEOUT];
  const kernel = {
    waitForAny: (at: number, count: number, milliseconds: number) => {
      assert.deepEqual([count, milliseconds], [2, 70]);
      const handles = view(octetsAt(at, 16));
      assert.deepEqual([handles.getBigUint64(0, true), handles.getBigUint64(8, true)], [5n, 6n]);
      return answers.shift() ?? WAIT.FAILED;
    },
  };
  const waiter = new EventWaiter(kernel, 5, 6);
  const told = [0, 1, 2].map(() => {
    waiter.wait(70);
    return [waiter.woken, waiter.device];
  });
  assert.deepEqual(told, [
    [true, false],
    [false, true],
    [false, false],
  ]);
  assert.throws(() => waiter.wait(70), /WaitForMultipleObjects/);
});
