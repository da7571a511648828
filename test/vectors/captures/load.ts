/** The captured exchanges as values; README.md beside this file says what each field is. */
import { readFileSync } from 'node:fs';

export type Side = 'initiator' | 'responder';

export interface CapturedDatagram {
  readonly from: Side;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly kind: 'ike' | 'esp' | 'keepalive';
  readonly hex: string;
}

export interface Capture {
  readonly name: string;
  readonly authentication: string;
  readonly ike: string;
  readonly esp: string;
  readonly secrets: Readonly<
    Record<
      'sharedSecret' | 'nonceI' | 'nonceR' | 'SKEYSEED' | 'SK_d' | 'SK_ei' | 'SK_er' | 'SK_pi' | 'SK_pr',
      string
    > & { SK_ai?: string; SK_ar?: string }
  >;
  readonly auth: readonly {
    readonly by: Side;
    readonly idBody: string;
    readonly octets: string;
    readonly secret?: string;
    readonly auth?: string;
  }[];
  readonly children: readonly {
    readonly sharedSecret?: string;
    readonly seed: string;
    readonly encryptionInitiator: string;
    readonly encryptionResponder: string;
    readonly integrityInitiator?: string;
    readonly integrityResponder?: string;
    readonly spiInitiator: string;
    readonly spiResponder: string;
  }[];
  readonly datagrams: readonly CapturedDatagram[];
  readonly insides: readonly {
    readonly from: Side;
    readonly exchange: number;
    readonly response: boolean;
    readonly messageId: number;
    readonly firstInner: number;
    readonly hex: string;
  }[];
}

export const CAPTURES = ['psk-gcm', 'psk-cbc', 'ec-gcm', 'rsa-frag', 'mschapv2', 'eaptls'] as const;

export const loadCapture = (name: (typeof CAPTURES)[number]): Capture =>
  JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), 'utf8')) as Capture;

/** The IKE message in a captured `ike` datagram, without its non-ESP marker. */
export const ikeMessageHex = (d: CapturedDatagram): string =>
  d.sourcePort === 500 || d.destinationPort === 500 ? d.hex : d.hex.slice(8);
