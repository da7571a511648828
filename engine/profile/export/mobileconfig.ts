/** A profile for Apple systems: `.mobileconfig` with an IKEv2 payload, unsigned. */
import { err, ok, type Result } from '../../base/result.ts';
import { type ProposalSpec, parseProposals } from '../../crypto/proposals.ts';
import { parseDuration } from '../lifetime.ts';
import { printBase64 } from '../psk.ts';
import type { DurationText, ProfileDocument, TextList } from '../schema.ts';
import { lostOfDevice } from './eap.ts';
import { certificatesOf, listOf } from './pem.ts';
import { type ExportedFile, ExportReport } from './report.ts';

export interface MobileconfigExtras {
  /** One for the file, one for each payload: fresh ones, RFC 9562. */
  readonly uuid: () => string;
  /** Certificate, key and chain; Apple systems want the legacy kind (`sealPkcs12` of pki). */
  readonly pkcs12?: Uint8Array;
  /** Writes the pre-shared key into the text. */
  readonly withSecrets: boolean;
}

type Value = string | number | boolean | Uint8Array | readonly Value[] | { readonly [key: string]: Value };

const escaped = (text: string): string =>
  text.replaceAll(/[&<>]/g, (char) => ({ '&': '&amp;', '<': '&lt;' })[char] ?? '&gt;');

function xml(value: Value, indent: string): string {
  if (typeof value === 'string') return `${indent}<string>${escaped(value)}</string>`;
  if (typeof value === 'number') return `${indent}<integer>${value}</integer>`;
  if (typeof value === 'boolean') return `${indent}<${value}/>`;
  if (value instanceof Uint8Array) return `${indent}<data>${printBase64(value)}</data>`;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const items = (value as readonly Value[]).map((item) => xml(item, inner));
    return [`${indent}<array>`, ...items, `${indent}</array>`].join('\n');
  }
  const pairs = Object.entries(value).map(
    ([key, item]) => `${inner}<key>${escaped(key)}</key>\n${xml(item, inner)}`,
  );
  return [`${indent}<dict>`, ...pairs, `${indent}</dict>`].join('\n');
}

/** IANA's transform, and key length where it counts, as Apple's word. */
const CIPHERS: Readonly<Record<string, string>> = {
  '12/128': 'AES-128',
  '12/256': 'AES-256',
  '20/128': 'AES-128-GCM',
  '20/256': 'AES-256-GCM',
  '28/': 'ChaCha20Poly1305',
};
const INTEGRITY: Readonly<Record<number, string>> = {
  2: 'SHA1-96',
  12: 'SHA2-256',
  13: 'SHA2-384',
  14: 'SHA2-512',
};
const PRF: Readonly<Record<number, string>> = { 2: 'SHA1-96', 5: 'SHA2-256', 6: 'SHA2-384', 7: 'SHA2-512' };

/** The first combination of a proposal that Apple has words for; `pfs` is whether it has a key exchange. */
function parameters(
  spec: ProposalSpec,
): { readonly dict: Record<string, Value>; readonly pfs: boolean } | undefined {
  const of = (type: number) => spec.transforms.filter((one) => one.type === type);
  const cipher = of(1)
    .map(({ id, keyLength }) => CIPHERS[`${id}/${keyLength ?? ''}`])
    .find((word) => word !== undefined);
  if (cipher === undefined) return undefined;
  const integrity = [...of(3).map(({ id }) => INTEGRITY[id]), ...of(2).map(({ id }) => PRF[id])].find(
    (word) => word !== undefined,
  );
  const group = of(4)
    .map(({ id }) => id)
    .find((id) => id === 14 || (id >= 15 && id <= 21) || id === 31);
  return {
    dict: {
      EncryptionAlgorithm: cipher,
      IntegrityAlgorithm: integrity ?? 'SHA2-256',
      ...(group === undefined ? {} : { DiffieHellmanGroup: group }),
    },
    pfs: group !== undefined,
  };
}

function association(
  report: ExportReport,
  protocol: 'ike' | 'esp',
  value: TextList | undefined,
  lifetime: DurationText | undefined,
): { readonly dict: Record<string, Value>; readonly pfs: boolean } | undefined {
  const field =
    protocol === 'ike' ? 'IKESecurityAssociationParameters' : 'ChildSecurityAssociationParameters';
  const minutes = lifetime === undefined ? undefined : parseDuration(lifetime);
  const parsed = value === undefined ? undefined : parseProposals(listOf(value).join(','), protocol);
  const found = parsed?.ok ? parsed.value.map(parameters).find((one) => one !== undefined) : undefined;
  if (value !== undefined && found)
    report.wrote(`${protocol}.proposals`, field, 'one algorithm of each kind');
  else if (value !== undefined) report.lost(`${protocol}.proposals`, 'Apple systems have no such algorithms');
  const life: Record<string, Value> = {};
  if (minutes?.ok) {
    life.LifeTimeInMinutes = Math.min(1440, Math.max(10, Math.round(minutes.value / 60_000)));
    report.wrote(`${protocol}.lifetime`, `${field}.LifeTimeInMinutes`);
  }
  if (!found && !minutes?.ok) return undefined;
  return { dict: { ...found?.dict, ...life }, pfs: found?.pfs ?? false };
}

export function exportMobileconfig(
  document: ProfileDocument,
  extras: MobileconfigExtras,
): Result<ExportedFile, string> {
  const { gateway, local, remote, ike, esp, name } = document;
  const [host, ...others] = listOf(gateway.hosts);
  if (host === undefined) return err('cannot be written as .mobileconfig: gateway.hosts is empty');
  const report = new ExportReport();
  report.wrote('gateway.hosts', 'RemoteAddress', others.length > 0 ? 'the first host only' : undefined);
  const remoteId = remote?.id !== undefined && remote.id !== '%any' ? remote.id : host;
  report.wrote('remote.id', 'RemoteIdentifier');
  report.wrote('local.id', 'LocalIdentifier');
  const vpn: Record<string, Value> = {
    RemoteAddress: host,
    RemoteIdentifier: remoteId,
    LocalIdentifier: local.id ?? '',
    ExtendedAuthEnabled: false,
  };
  const identifier = `culvert.${name}`;
  const payload = (type: string, suffix: string, more: Record<string, Value>): Record<string, Value> => ({
    PayloadType: type,
    PayloadVersion: 1,
    PayloadIdentifier: `${identifier}.${suffix}`,
    PayloadUUID: extras.uuid(),
    PayloadDisplayName: name,
    ...more,
  });
  const payloads: Record<string, Value>[] = [];
  if (local.auth.psk !== undefined) {
    if (/^0[xs]/i.test(local.auth.psk))
      return err('cannot be written as .mobileconfig: the pre-shared key must be plain text');
    vpn.AuthenticationMethod = 'SharedSecret';
    if (extras.withSecrets) vpn.SharedSecret = local.auth.psk;
    report.wrote(
      'local.auth',
      'SharedSecret',
      extras.withSecrets ? undefined : 'without the key itself: the system asks for it',
    );
  } else {
    const [eap] = listOf(local.auth.eap);
    const named = eap !== undefined && eap !== 'tls';
    vpn.AuthenticationMethod = named ? 'None' : 'Certificate';
    vpn.ExtendedAuthEnabled = eap !== undefined;
    if (named) {
      if (local.auth.username !== undefined) vpn.AuthName = local.auth.username;
      report.wrote('local.auth', 'AuthName', 'without the password: the system asks for it');
    } else if (extras.pkcs12) {
      const own = payload('com.apple.security.pkcs12', 'identity', { PayloadContent: extras.pkcs12 });
      payloads.push(own);
      vpn.PayloadCertificateUUID = String(own.PayloadUUID);
      report.wrote('local.auth', 'com.apple.security.pkcs12');
    } else report.lost('local.auth', 'is left out: name the certificate in PayloadCertificateUUID');
    const anchors = certificatesOf(remote?.anchors);
    for (const [i, der] of anchors.entries())
      payloads.push(payload('com.apple.security.root', `ca${i + 1}`, { PayloadContent: der }));
    if (anchors.length > 0)
      report.wrote(
        'remote.anchors',
        'com.apple.security.root',
        'trusted by the whole device, if its user agrees',
      );
  }
  lostOfDevice(report, document, 'auth');
  if (remote?.auth !== 'eap') report.wrote('remote.auth', 'AuthenticationMethod');
  if (local.auth2 !== undefined)
    report.lost(
      'local.auth2',
      'Apple systems have one round of authentication: the gateway will refuse them',
    );
  if (remote?.revocation) {
    const { crl, ocsp } = remote.revocation;
    vpn.EnableCertificateRevocationCheck = crl !== 'off' || ocsp !== 'off';
    const strict = crl === 'strict' || ocsp === 'strict';
    report.wrote(
      'remote.revocation',
      'EnableCertificateRevocationCheck',
      strict ? 'Apple systems go on when nobody answers' : undefined,
    );
  }
  const { mode = 'off', allowLocal } = document.killSwitch ?? {};
  if (document.killSwitch) {
    vpn.IncludeAllNetworks = mode !== 'off';
    if (mode !== 'off') vpn.ExcludeLocalNetworks = allowLocal ?? false;
    const why = mode === 'always' ? 'while the VPN is switched on' : undefined;
    report.wrote('killSwitch', 'IncludeAllNetworks', why);
  }
  if (ike?.mobike !== undefined) {
    vpn.DisableMOBIKE = !ike.mobike;
    report.wrote('ike.mobike', 'DisableMOBIKE');
  }
  const child = Object.values(document.children ?? {})[0];
  const outer = association(report, 'ike', ike?.proposals, ike?.lifetime);
  const inner = association(
    report,
    'esp',
    child?.proposals ?? esp?.proposals,
    child?.lifetime ?? esp?.lifetime,
  );
  if (outer) vpn.IKESecurityAssociationParameters = outer.dict;
  if (inner) vpn.ChildSecurityAssociationParameters = inner.dict;
  vpn.EnablePFS = inner?.pfs ?? false;
  const delay = document.dpd?.delay === undefined ? undefined : parseDuration(document.dpd.delay);
  if (delay?.ok) {
    vpn.DeadPeerDetectionRate =
      delay.value === 0
        ? 'None'
        : delay.value <= 120_000
          ? 'High'
          : delay.value <= 900_000
            ? 'Medium'
            : 'Low';
    report.wrote('dpd.delay', 'DeadPeerDetectionRate', 'the nearest of four rates');
  }
  if (document.mtu !== undefined && document.mtu >= 1280 && document.mtu <= 1400) {
    vpn.MTU = document.mtu;
    report.wrote('mtu', 'MTU');
  }
  const servers = listOf(document.dns?.servers);
  const domains = listOf(document.dns?.domains);
  if (servers.length > 0) report.wrote('dns.servers', 'DNS.ServerAddresses');
  if (domains.length > 0)
    report.wrote(
      'dns.domains',
      'DNS.SupplementalMatchDomains',
      servers.length > 0 ? undefined : 'has no effect without servers',
    );
  payloads.push(
    payload('com.apple.vpn.managed', 'vpn', {
      UserDefinedName: name,
      VPNType: 'IKEv2',
      IKEv2: vpn,
      ...(servers.length > 0
        ? {
            DNS: {
              ServerAddresses: servers,
              ...(domains.length > 0 ? { SupplementalMatchDomains: domains } : {}),
            },
          }
        : {}),
    }),
  );
  report.rest(document);
  const top = {
    ...payload('Configuration', 'profile', { PayloadContent: payloads }),
    PayloadIdentifier: identifier,
  };
  const head =
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n';
  return ok({ text: `${head}<plist version="1.0">\n${xml(top, '')}\n</plist>\n`, report: report.lines });
}
