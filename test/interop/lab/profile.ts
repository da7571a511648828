/** Profiles for scenarios: only what a scenario is about is named there, the rest is here. */
import type { LocalAuthDocument, ProfileDocument } from '../../../engine/profile/schema.ts';
import { ADDRESS } from './lab.ts';
import type { Credential } from './pki.ts';

export const PSK = 'what the two ends of the laboratory share';
export const GATEWAY_ID = 'gw.lab.example';
export const CLIENT_ID = 'client.lab.example';
/** Every lab profile has this name, and its only child has that one. */
export const TUNNEL = 'lab';
export const CHILD = 'net';

export type EapLogin = LocalAuthDocument & {
  readonly eap: NonNullable<LocalAuthDocument['eap']>;
};

export interface ProfileWishes {
  readonly host?: string;
  /** The shared secret, a certificate with its key, or a user name with its password. */
  readonly auth?: { readonly psk: string } | Credential | EapLogin;
  /** PEM of the CAs that the gateway must chain to; without it the gateway proves itself with the PSK. */
  readonly anchors?: readonly string[];
  readonly remoteId?: string;
  readonly localId?: string;
  /** Offered alone, without the defaults. */
  readonly ike?: string;
  readonly esp?: string;
  readonly remote?: readonly string[];
  /** Merged over the document's top level, for a field that only one scenario needs. */
  readonly more?: Partial<ProfileDocument>;
}

export function profile(wishes: ProfileWishes = {}): ProfileDocument {
  const { anchors, more = {} } = wishes;
  return {
    name: TUNNEL,
    gateway: { hosts: [wishes.host ?? ADDRESS.gw], port: 500 },
    local: { id: wishes.localId ?? CLIENT_ID, auth: localAuth(wishes.auth ?? { psk: PSK }) },
    ike: { proposals: `${wishes.ike ?? 'aes128gcm16-prfsha256-x25519'}!` },
    children: {
      [CHILD]: {
        proposals: `${wishes.esp ?? 'aes128gcm16'}!`,
        remote: wishes.remote ?? [ADDRESS.lanNet, ADDRESS.lanNet6],
      },
    },
    ...more,
    remote: {
      id: wishes.remoteId ?? GATEWAY_ID,
      ...(anchors === undefined ? {} : { auth: 'pubkey', anchors }),
      ...more.remote,
    },
  };
}

function localAuth(auth: NonNullable<ProfileWishes['auth']>): LocalAuthDocument {
  if ('psk' in auth) return { psk: auth.psk };
  if ('eap' in auth) return auth;
  return { certificate: auth.certificate, key: auth.key, chain: auth.issuers };
}
