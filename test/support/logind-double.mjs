/**
 * Says on a bus what systemd-logind would: `logind-double.mjs ADDRESS WORD…`. Takes logind's name, unless the first word
 * is `impostor`, then for each word: `sleep` or `wake` sends PrepareForSleep, a number waits so many milliseconds.
 * Speaks D-Bus by itself (D-Bus specification, "Message Protocol"), since no command can send under a name.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const [address = '', ...words] = process.argv.slice(2);
const CALL = 1;
const SIGNAL = 4;
const NO_REPLY = 1;
let serial = 0;

const pad = (octets, to) => Buffer.concat([octets, Buffer.alloc((to - (octets.length % to)) % to)]);
function u32(value) {
  const octets = Buffer.alloc(4);
  octets.writeUInt32LE(value);
  return octets;
}
const text = (value) => Buffer.concat([u32(Buffer.byteLength(value)), Buffer.from(`${value}\0`)]);
const signature = (value) => Buffer.concat([Buffer.from([value.length]), Buffer.from(`${value}\0`)]);

/** Fields of the header, each a code, the signature of its value, and the value. */
function message(type, fields, bodySignature, body) {
  const all = bodySignature === '' ? fields : [...fields, [8, 'g', bodySignature]];
  let array = Buffer.alloc(0);
  for (const [code, kind, value] of all) {
    const head = Buffer.concat([pad(array, 8), Buffer.from([code]), signature(kind)]);
    array = Buffer.concat([
      kind === 'g' ? head : pad(head, 4),
      kind === 'g' ? signature(value) : text(value),
    ]);
  }
  const start = Buffer.from(['l'.charCodeAt(0), type, NO_REPLY, 1]);
  const header = Buffer.concat([start, u32(body.length), u32(++serial), u32(array.length), array]);
  return Buffer.concat([pad(header, 8), body]);
}

const BUS = 'org.freedesktop.DBus';
const call = (member, bodySignature = '', body = Buffer.alloc(0)) =>
  message(
    CALL,
    [
      [1, 'o', '/org/freedesktop/DBus'],
      [2, 's', BUS],
      [3, 's', member],
      [6, 's', BUS],
    ],
    bodySignature,
    body,
  );
const prepareForSleep = (asleep) =>
  message(
    SIGNAL,
    [
      [1, 'o', '/org/freedesktop/login1'],
      [2, 's', 'org.freedesktop.login1.Manager'],
      [3, 's', 'PrepareForSleep'],
    ],
    'b',
    u32(asleep ? 1 : 0),
  );

const socket = connect(address.replace(/^unix:path=/, ''));
let heard = '';
socket.setEncoding('latin1').on('data', (chunk) => {
  heard += chunk;
});
async function until(wanted) {
  const end = Date.now() + 5_000;
  while (!heard.includes(wanted)) {
    if (Date.now() > end) throw new Error(`waited in vain for ${wanted}: ${JSON.stringify(heard)}`);
    await sleep(5);
  }
}

await once(socket, 'connect');
socket.write(`\0AUTH EXTERNAL ${Buffer.from(String(process.getuid())).toString('hex')}\r\n`);
await until('OK ');
socket.write('BEGIN\r\n');
socket.write(call('Hello'));
await until('NameAcquired');
if (words[0] === 'impostor') words.shift();
else {
  socket.write(call('RequestName', 'su', Buffer.concat([pad(text('org.freedesktop.login1'), 4), u32(4)])));
  await until('org.freedesktop.login1');
}
for (const word of words) {
  if (word === 'sleep' || word === 'wake') socket.write(prepareForSleep(word === 'sleep'));
  else await sleep(Number(word));
}
socket.end();
await once(socket, 'close');
