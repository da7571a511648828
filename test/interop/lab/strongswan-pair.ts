/** A plain PSK connection between two charons: the laboratory's own proof, and the peer that benches compare with. */
import { ADDRESS } from './lab.ts';
import type { Settings } from './settings.ts';

const PSK = 'the two ends of a laboratory share this';

export interface PairOptions {
  readonly ike?: string;
  readonly esp?: string;
}

export function strongswanGateway({
  ike = 'aes128gcm16-prfsha256-x25519',
  esp = 'aes128gcm16',
}: PairOptions = {}): Settings {
  return {
    connections: {
      gw: {
        version: 2,
        proposals: ike,
        encap: 'yes',
        pools: 'pool4, pool6',
        local: { auth: 'psk', id: 'gw.lab.example' },
        remote: { auth: 'psk', id: 'client.lab.example' },
        children: { net: { local_ts: `${ADDRESS.lanNet}, ${ADDRESS.lanNet6}`, esp_proposals: esp } },
      },
    },
    pools: { pool4: { addrs: ADDRESS.pool, dns: ADDRESS.dns }, pool6: { addrs: ADDRESS.pool6 } },
    secrets: { 'ike-lab': { secret: PSK } },
  };
}

export function strongswanClient({
  ike = 'aes128gcm16-prfsha256-x25519',
  esp = 'aes128gcm16',
}: PairOptions = {}): Settings {
  return {
    connections: {
      gw: {
        version: 2,
        proposals: ike,
        encap: 'yes',
        remote_addrs: ADDRESS.gw,
        vips: '0.0.0.0, ::',
        local: { auth: 'psk', id: 'client.lab.example' },
        remote: { auth: 'psk', id: 'gw.lab.example' },
        children: { net: { remote_ts: `${ADDRESS.lanNet}, ${ADDRESS.lanNet6}`, esp_proposals: esp } },
      },
    },
    secrets: { 'ike-lab': { secret: PSK } },
  };
}
