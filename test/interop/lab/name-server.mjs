/**
 * Answers every A question below a domain with one address, other names with NXDOMAIN, and prints each name that it is
 * asked for. Arguments: domain, answer, addresses to listen on.
 */
import { createSocket } from 'node:dgram';

const [domain, wanted, ...addresses] = process.argv.slice(2);
const octets = wanted.split('.').map(Number);

for (const address of addresses) {
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
  const name = labels.join('.').toLowerCase();
  process.stdout.write(`${name}\n`);
  const known = domain === '.' || name === domain || name.endsWith(`.${domain}`);
  const head = Buffer.from(query.subarray(0, 12));
  head.writeUInt16BE(known ? 0x8180 : 0x8183, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(known && isA ? 1 : 0, 6);
  head.writeUInt32BE(0, 8);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, ...octets]);
  return Buffer.concat([head, query.subarray(12, at + 5), ...(known && isA ? [record] : [])]);
}
