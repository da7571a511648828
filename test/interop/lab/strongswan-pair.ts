/** strongSwan as the client of the gateway: the laboratory's own proof, and the peer that benches compare with. */
import { CONNECTION } from './gateway.ts';
import { ADDRESS } from './lab.ts';
import { CHILD, CLIENT_ID, GATEWAY_ID, PSK } from './profile.ts';
import type { Settings } from './settings.ts';

export interface ClientWishes {
  readonly host?: string;
  readonly id?: string;
  readonly ike?: string;
  readonly esp?: string;
  /** Instead of the shared key: `local` and `remote` sections, as for certificates. */
  readonly local?: Settings;
  readonly remote?: Settings;
}

/** Counterpart of `gatewayConf`, with UDP encapsulation forced as Culvert does it. */
export function clientConf(wishes: ClientWishes = {}): Settings {
  return {
    connections: {
      [CONNECTION]: {
        version: 2,
        proposals: wishes.ike ?? 'aes128gcm16-prfsha256-x25519',
        encap: 'yes',
        remote_addrs: wishes.host ?? ADDRESS.gw,
        vips: '0.0.0.0, ::',
        rekey_time: 0,
        local: { auth: 'psk', id: wishes.id ?? CLIENT_ID, ...wishes.local },
        remote: { auth: 'psk', id: GATEWAY_ID, ...wishes.remote },
        children: {
          [CHILD]: {
            remote_ts: `${ADDRESS.lanNet}, ${ADDRESS.lanNet6}`,
            esp_proposals: wishes.esp ?? 'aes128gcm16',
            rekey_time: 0,
          },
        },
      },
    },
    secrets: { 'ike-lab': { secret: PSK } },
  };
}
