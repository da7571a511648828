/** swanctl configurations of the gateway: only what a scenario is about is named there, the rest is here. */
import type { CredentialFiles } from './charon.ts';
import { ADDRESS } from './lab.ts';
import type { Credential } from './pki.ts';
import { CHILD, CLIENT_ID, GATEWAY_ID, PSK } from './profile.ts';
import type { Settings } from './settings.ts';

export interface GatewayWishes {
  readonly psk?: string;
  readonly ike?: string;
  readonly esp?: string;
  /** Merged into the connection, its `local` and `remote` sections, and the child. */
  readonly connection?: Settings;
  readonly local?: Settings;
  readonly remote?: Settings;
  readonly child?: Settings;
  /** Instead of the usual two pools. */
  readonly pools?: Settings;
}

/** The name of the connection, for `rekey` and `terminate`. */
export const CONNECTION = 'gw';

export function gatewayConf(wishes: GatewayWishes = {}): Settings {
  const pools = wishes.pools ?? {
    pool4: { addrs: ADDRESS.pool, dns: ADDRESS.dns },
    pool6: { addrs: ADDRESS.pool6 },
  };
  const names = Object.keys(pools).join(', ');
  return {
    connections: {
      [CONNECTION]: {
        version: 2,
        proposals: wishes.ike ?? 'aes128gcm16-prfsha256-x25519',
        ...(names === '' ? {} : { pools: names }),
        mobike: 'no',
        // Rekeying is started by scenarios, not by chance.
        rekey_time: 0,
        local: { auth: 'psk', id: GATEWAY_ID, ...wishes.local },
        remote: { auth: 'psk', id: CLIENT_ID, ...wishes.remote },
        children: {
          [CHILD]: {
            local_ts: `${ADDRESS.lanNet}, ${ADDRESS.lanNet6}`,
            esp_proposals: wishes.esp ?? 'aes128gcm16',
            rekey_time: 0,
            ...wishes.child,
          },
        },
        ...wishes.connection,
      },
    },
    pools,
    secrets: { 'ike-lab': { secret: wishes.psk ?? PSK } },
  };
}

/** The gateway's own certificate and key, the issuers it knows, and the CA that it accepts clients of. */
export function gatewayFiles(
  own: Credential,
  clientsRoot: string,
  chain: readonly string[] = own.issuers,
): CredentialFiles {
  return {
    'x509/gw.pem': own.certificate,
    'private/gw.key': own.key,
    'x509ca/clients-root.pem': clientsRoot,
    ...Object.fromEntries(chain.map((issuer, i) => [`x509ca/issuer-${i}.pem`, issuer])),
  };
}

/** For `local` of a gateway that proves itself with the certificate in `gatewayFiles`. */
export function byCertificate(auth = 'pubkey'): Settings {
  return { auth, certs: 'gw.pem' };
}
