/** EAP methods that run in a TLS connection: which label, which second phase, which inner method. */
import type {
  EapUser,
  InnerMethodName,
  MethodContext,
  PeerMethod,
  Phase2Name,
  TunnelName,
} from './method.ts';
import { EapType } from './packet.ts';
import { Peap } from './peap.ts';
import type { EapPeer } from './peer.ts';
import { TlsSuccess } from './tls.ts';
import { TlsPeer } from './tls-peer.ts';
import type { TlsVersions } from './tls-steps.ts';
import { TTLS_CHALLENGE, TtlsEap, TtlsMschapv2, TtlsPap } from './ttls.ts';

export interface TunnelConfig {
  readonly tls?: TlsVersions | undefined;
  readonly phase2?: Phase2Name | undefined;
  readonly context: MethodContext;
  /** For second phases that take the password themselves. */
  readonly user: EapUser | undefined;
  /** A peer for EAP in the tunnel that allows one method. */
  readonly inner: (method: InnerMethodName) => EapPeer;
}

const ALL_VERSIONS: TlsVersions = { min: 'TLSv1.2', max: 'TLSv1.3' };
const TLS_LABEL = 'client EAP encryption';

const INNER: Readonly<Record<Phase2Name, InnerMethodName | undefined>> = {
  pap: undefined,
  mschapv2: 'mschapv2',
  'eap-mschapv2': 'mschapv2',
  'eap-gtc': 'gtc',
  'eap-md5': 'md5',
};
const INNER_TYPES: Readonly<Record<InnerMethodName, number>> = {
  mschapv2: EapType.MSCHAPV2,
  gtc: EapType.GTC,
  md5: EapType.MD5,
};

/** `undefined` for a second phase that the method does not have, or that lacks its password. */
export function tunnelPeer(name: TunnelName, config: TunnelConfig): PeerMethod | undefined {
  const versions = config.tls ?? ALL_VERSIONS;
  switch (name) {
    case 'tls':
      return new TlsPeer(
        { type: EapType.TLS, versions, certificate: true, label: TLS_LABEL },
        new TlsSuccess(),
      );
    case 'ttls':
      return ttlsPeer(versions, config);
    case 'peap': {
      const method = INNER[config.phase2 ?? 'eap-mschapv2'];
      if (!method) return undefined;
      const phase = new Peap(config.context, config.inner(method), INNER_TYPES[method]);
      return new TlsPeer({ type: EapType.PEAP, versions, certificate: false, label: TLS_LABEL }, phase);
    }
  }
}

function ttlsPeer(
  versions: TlsVersions,
  { phase2 = 'eap-mschapv2', context, user, inner }: TunnelConfig,
): PeerMethod | undefined {
  const tls = { type: EapType.TTLS, versions, certificate: false, label: 'ttls keying material' };
  if (phase2 === 'pap') return user && new TlsPeer(tls, new TtlsPap(user));
  if (phase2 === 'mschapv2')
    return user && new TlsPeer({ ...tls, exports: TTLS_CHALLENGE }, new TtlsMschapv2(context, user));
  const method = INNER[phase2];
  return method && new TlsPeer(tls, new TtlsEap(inner(method), INNER_TYPES[method]));
}
