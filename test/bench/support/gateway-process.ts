/**
 * The embedded gateway with the privileges that it needs on a real tun, for benchmarks with Culvert at both ends:
 * `node --import tsx gateway-process.ts ESP-PROPOSAL`. Prints `ready` and runs until it is killed.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Spi32 } from '../../../engine/base/brand.ts';
import { readU32, utf8 } from '../../../engine/base/bytes.ts';
import { parsePrefix } from '../../../engine/base/ip.ts';
import { silentLog } from '../../../engine/base/log.ts';
import type { OffloadLevel } from '../../../engine/base/offload-level.ts';
import { Secret } from '../../../engine/base/secret.ts';
import { type ProposalProtocol, parseProposals } from '../../../engine/crypto/proposals.ts';
import { Gateway } from '../../../engine/gateway/gateway.ts';
import { pskGatewayConfig } from '../../../engine/gateway/psk-config.ts';
import { createSession } from '../../../engine/ike/session.ts';
import { systemScheduler } from '../../../engine/os/scheduler.ts';
import { selectCrypto, selectDatapath, selectTun } from '../../../engine/os/select.ts';
import { parseIdentity } from '../../../engine/pki/identity.ts';
import { ADDRESS } from '../../interop/lab/lab.ts';
import { GATEWAY_ID, PSK } from '../../interop/lab/profile.ts';

const esp = process.argv[2] ?? 'aes128gcm16';
const offload = process.env.CULVERT_DATAPATH_LEVEL as OffloadLevel | undefined;
const limit = offload === undefined ? {} : { offload };
const tun = await selectTun().open({ name: 'culvertgw', mtu: 1400, ...limit });
const crypto = selectCrypto();
const scheduler = systemScheduler();
const datapath = await selectDatapath({ tun, port: 4500, crypto, clock: scheduler.now, ...limit });
for (const destination of [ADDRESS.pool, ADDRESS.pool6])
  spawnSync('ip', ['route', 'add', destination, 'dev', tun.name], { stdio: 'inherit' });

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
const unused = async (): Promise<never> => {
  throw new Error('a pre-shared key needs no credentials');
};
function proposals(text: string, protocol: ProposalProtocol) {
  const parsed = parseProposals(text, protocol);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

let ids = 0;
const gateway = new Gateway({
  config: pskGatewayConfig({
    localId: parseIdentity(GATEWAY_ID),
    secret: new Secret(utf8(PSK)),
    proposals: proposals('aes128gcm16-prfsha256-x25519', 'ike'),
    child: { name: 'net', proposals: proposals(esp, 'esp') },
  }),
  createSession,
  datapath,
  scheduler,
  credentials: { sign: unused, verifyPeer: unused },
  context: {
    crypto,
    random,
    freshSpi: () => ((readU32(random(4), 0) | 0x100) >>> 0) as Spi32,
    freshChildId: () => ++ids,
  },
  log: silentLog,
  pool: [ADDRESS.pool, ADDRESS.pool6].flatMap((text) => parsePrefix(text) ?? []),
  dns: [],
  cookieThreshold: 10,
});
process.once('exit', () => gateway.abandon());
console.log(`ready ${datapath.description}`);
