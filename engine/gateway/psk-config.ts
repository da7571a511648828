/** What a gateway offers that proves itself, and its clients, by one pre-shared key: for demonstrations and measurements. */
import { hours, minutes, seconds } from '../base/instant.ts';
import type { Secret } from '../base/secret.ts';
import type { ChildConfig, IkeConfig } from '../ike/contract.ts';
import { ANY_IPV4, ANY_IPV6 } from './gateway.ts';

const LIFETIME = { lifetime: hours(3), margin: minutes(9), fuzz: 1 };

export interface PskGateway extends Pick<IkeConfig, 'localId' | 'proposals'> {
  readonly secret: Secret;
  /** One CHILD_SA that takes any selectors; none is answered when left out. */
  readonly child?: Pick<ChildConfig, 'name' | 'proposals'>;
}

export function pskGatewayConfig({ localId, proposals, secret, child }: PskGateway): IkeConfig {
  return {
    role: 'responder',
    encapsulation: 'auto',
    mobike: true,
    localId,
    localAuth: { kind: 'psk', secret },
    sendRemoteId: false,
    remoteAuth: { kind: 'psk', secret: () => secret, authorities: new Uint8Array() },
    proposals,
    lifetime: LIFETIME,
    children: child === undefined ? [] : [anySelectors(child)],
    virtualIp: { ipv4: true, ipv6: true, dns: true },
    liveness: { delay: seconds(30) },
    retransmission: { timeout: seconds(1), base: 1.8, jitter: 0.2, tries: 5 },
    fragmentation: { enabled: true, sizes: [1280, 576] },
    initialContact: false,
    preferPss: false,
  };
}

const anySelectors = (child: Pick<ChildConfig, 'name' | 'proposals'>): ChildConfig => ({
  ...child,
  local: [ANY_IPV4, ANY_IPV6],
  remote: ['dynamic'],
  lifetime: { ...LIFETIME, lifetime: hours(1) },
  limits: { softBytes: 0, hardBytes: 0, softPackets: 0, hardPackets: 0 },
  replayWindow: 1024,
  copyDscp: 'out',
  copyEcn: true,
});
