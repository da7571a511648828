/** What leaves and arrives as one message on Windows, over a Winsock that is played: the part that Wine cannot show. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import koffi from 'koffi';
import { SOCKADDR_LENGTH, writeSockaddr } from '../../../../engine/base/sockaddr.ts';
import type { Target } from '../../../../engine/datapath/targets.ts';
import { Targets } from '../../../../engine/datapath/targets.ts';
import { ARRIVAL_LENGTH, Arrival } from '../../../../engine/datapath/windows/arrival.ts';
import { EventWaiter } from '../../../../engine/datapath/windows/calls.ts';
import { WindowsDepartures } from '../../../../engine/datapath/windows/departures.ts';
import { RingWriter } from '../../../../engine/datapath/windows/ring-writer.ts';
import { WAIT, WSABUF, WSAMSG } from '../../../../engine/os/ffi/abi.win32.ts';
import { fixedMemory } from '../../../../engine/os/ffi/memory.ts';

const SOCKET = 44;
const octetsAt = (at: number, length: number): Uint8Array =>
  Uint8Array.from(koffi.decode(at, koffi.array('uint8', length)) as Uint8Array);
const put = (at: number, octets: Uint8Array): void => {
  if (octets.length > 0) koffi.encode(at, koffi.array('uint8', octets.length), octets);
};
const view = (octets: Uint8Array): DataView => new DataView(octets.buffer);

function target(address: string): Target {
  return new Targets().take({ address, port: 4500 });
}

interface Sent {
  readonly octets: string;
  readonly port: number;
  /** Of UDP_SEND_MSG_SIZE; 0 without. */
  readonly size: number;
}

/** `refuse` says which messages fail: by their size of segments. */
function sender(refuse: (size: number) => boolean = () => false, segments = true) {
  const sent: Sent[] = [];
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
        const controllen = fields.getUint32(WSAMSG.controllen, true);
        const control = view(octetsAt(pointer(WSAMSG.control), 24));
        // WSA_CMSG_LEN and WSA_CMSG_SPACE of a DWORD, IPPROTO_UDP, UDP_SEND_MSG_SIZE.
        if (controllen > 0) {
          const header = [control.getUint32(0, true), control.getInt32(8, true), control.getInt32(12, true)];
          assert.deepEqual([controllen, ...header], [24, 20, 17, 2]);
        }
        const size = controllen > 0 ? control.getUint32(16, true) : 0;
        if (refuse(size)) return -1;
        assert.deepEqual([name[0], name[1]], [23, 0], 'AF_INET6');
        sent.push({ octets, port: view(name).getUint16(2), size });
        return 0;
      },
      sendto: (_socket, at, length) => {
        const octets = Buffer.from(octetsAt(at, length)).toString();
        if (octets.includes('x')) return -1;
        sent.push({ octets, port: 0, size: 0 });
        return length;
      },
    },
    socket: SOCKET,
    memory,
    at: 64,
    length: 1000,
    segments,
    lost: (n) => lost.push(n),
    gaveUp: () => gaveUp++,
  });
  const add = (text: string, to: Target): void => {
    memory.set(new TextEncoder().encode(text), departures.next);
    departures.add(text.length, to);
  };
  return { departures, add, sent, lost, gaveUp: () => gaveUp };
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
  const { departures, add, sent } = sender(undefined, false);
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
  const { departures, add, sent, lost, gaveUp } = sender((size) => size > 0);
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
  const { departures, add, lost, gaveUp } = sender(() => true);
  const a = target('192.0.2.1');
  for (const text of ['xxxx', 'aaaa']) add(text, a);
  departures.flush();
  assert.deepEqual(lost, [1]);
  assert.equal(gaveUp(), 0);
  add('aaaa', a);
  departures.flush();
  assert.deepEqual(lost, [1, 1]);
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

test('control messages that cannot be are not read', () => {
  for (const [control, claimed] of [
    [new Uint8Array(0), 0],
    [controlOf([17, 3, word(0)]), 24],
    [controlOf([17, 3, word(4)]).subarray(0, 18), 18],
    [controlOf([17, 3, new Uint8Array(0)]), 16],
    [Uint8Array.from({ length: 32 }, () => 0), 32],
    [Uint8Array.from({ length: 128 }, () => 0xff), 0xffff_ffff],
  ] as const) {
    const { arrival } = receiver('whole', Uint8Array.from(control), claimed);
    assert.ok(arrival.receive());
    assert.deepEqual([arrival.size, arrival.localAddress()], [5, undefined]);
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
