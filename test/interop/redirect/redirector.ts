/**
 * Gateways that keep nobody: `node --import tsx redirector.ts (WHEN ADDRESS TARGET)…` sends whoever calls an address to
 * its target, in IKE_SA_INIT or IKE_AUTH. The embedded gateway on UDP sockets, without a data path; strongSwan has no
 * means to redirect before a connection is up. Prints `ready`.
 */
import { createSocket } from 'node:dgram';
import type { Spi32 } from '../../../engine/base/brand.ts';
import { utf8 } from '../../../engine/base/bytes.ts';
import { canonicalIp, type Endpoint, parsePrefix } from '../../../engine/base/ip.ts';
import { silentLog } from '../../../engine/base/log.ts';
import { Secret } from '../../../engine/base/secret.ts';
import { parseProposals } from '../../../engine/crypto/proposals.ts';
import type { Datapath, DatapathEvent } from '../../../engine/datapath/protocol.ts';
import { Gateway } from '../../../engine/gateway/gateway.ts';
import { pskGatewayConfig } from '../../../engine/gateway/psk-config.ts';
import { createSession } from '../../../engine/ike/session.ts';
import { systemScheduler } from '../../../engine/os/scheduler.ts';
import { selectCrypto } from '../../../engine/os/select.ts';
import { parseIdentity } from '../../../engine/pki/identity.ts';
import { seededRandom } from '../../sim/configs.ts';
import { ADDRESS } from '../lab/lab.ts';
import { GATEWAY_ID, PSK } from '../lab/profile.ts';

const MARKER = 4;

async function openSocket(local: Endpoint): Promise<Datapath> {
  const socket = createSocket('udp4');
  const listeners: ((event: DatapathEvent) => void)[] = [];
  socket.on('message', (octets, from) => {
    const bytes = new Uint8Array(octets.subarray(MARKER));
    const remote = { address: from.address, port: from.port };
    for (const listener of listeners) listener({ kind: 'ike', bytes, remote, local });
  });
  await new Promise<void>((resolve) => socket.bind(local.port, local.address, resolve));
  const nothing = (): void => undefined;
  return {
    local,
    description: 'none',
    trap: () => undefined,
    sendIke: (bytes, remote) =>
      socket.send(Buffer.concat([Buffer.alloc(MARKER), bytes]), remote.port, remote.address),
    onEvent: (listener) => void listeners.push(listener),
    install: nothing,
    activateOutbound: nothing,
    remove: nothing,
    setPath: nothing,
    keepalive: nothing,
    setInnerMtu: nothing,
    counters: () => undefined,
    totals: () => ({ drops: {} as never, datagramsIn: 0, datagramsOut: 0 }),
    close: async () => nothing(),
  };
}

const proposals = parseProposals('aes128gcm16-prfsha256-x25519', 'ike');
if (!proposals.ok) throw new Error(proposals.error.reason);
const random = seededRandom(`redirector ${process.pid}`);
const unused = async (): Promise<never> => {
  throw new Error('a pre-shared key needs no credentials');
};
const sendAway = (at: 'IKE_SA_INIT' | 'IKE_AUTH', to: string, datapath: Datapath): Gateway =>
  new Gateway({
    config: {
      ...pskGatewayConfig({
        localId: parseIdentity(GATEWAY_ID),
        secret: new Secret(utf8(PSK)),
        proposals: proposals.value,
      }),
      sendAway: { at, target: { kind: canonicalIp(to) === undefined ? 'name' : 'address', text: to } },
    },
    createSession,
    datapath,
    scheduler: systemScheduler(),
    credentials: { sign: unused, verifyPeer: unused },
    context: { crypto: selectCrypto(), random, freshSpi: () => 0x1000 as Spi32, freshChildId: () => 1 },
    log: silentLog,
    pool: [ADDRESS.pool].flatMap((text) => parsePrefix(text) ?? []),
    dns: [],
    cookieThreshold: 10,
  });

const wishes = process.argv.slice(2);
for (let n = 0; n < wishes.length; n += 3) {
  const [at, address = '', to = ''] = wishes.slice(n, n + 3);
  if (at !== 'IKE_SA_INIT' && at !== 'IKE_AUTH') throw new Error(`when? ${at}`);
  sendAway(at, to, await openSocket({ address, port: 4500 }));
}
console.log('ready');
