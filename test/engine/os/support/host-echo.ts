/** A UDP peer on port 4500, both families: answers with the sender's address, from the address that was asked. */
import { createSocket } from 'node:dgram';
import { GATEWAY, INNER } from './host-world.ts';

process.stdin.once('data', () => {
  for (const family of [4, 6] as const) {
    for (const address of [GATEWAY[family], INNER[family]]) {
      const socket = createSocket(family === 4 ? 'udp4' : 'udp6');
      socket.on('message', (_, from) => socket.send(from.address, from.port, from.address));
      socket.bind(4500, address, () => process.stdout.write('bound\n'));
    }
  }
});
process.stdin.once('end', () => process.exit(0));
process.stdout.write('ready\n');
