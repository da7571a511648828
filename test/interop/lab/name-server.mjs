/** Answers every A question below lab.example with 10.99.0.10, other names with NXDOMAIN. Arguments: addresses. */
import { createSocket } from 'node:dgram';

for (const address of process.argv.slice(2)) {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (query, from) => {
    socket.send(answer(query), from.port, from.address);
  });
  socket.bind(53, address);
}

function answer(query) {
  const labels = [];
  let at = 12;
  while (query[at] > 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]));
    at += 1 + query[at];
  }
  const isA = query.readUInt16BE(at + 1) === 1;
  const known = labels.join('.').toLowerCase().endsWith('lab.example');
  const head = Buffer.from(query.subarray(0, 12));
  head.writeUInt16BE(known ? 0x8180 : 0x8183, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(known && isA ? 1 : 0, 6);
  head.writeUInt32BE(0, 8);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 10, 99, 0, 10]);
  return Buffer.concat([head, query.subarray(12, at + 5), ...(known && isA ? [record] : [])]);
}
