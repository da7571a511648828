/** A profile for strongSwan's Android client (`.sswan`). It knows certificates and EAP, no pre-shared keys. */
import { err, ok, type Result } from '../../base/result.ts';
import { printBase64 } from '../psk.ts';
import type { ProfileDocument } from '../schema.ts';
import { byPassword, lostOfDevice } from './eap.ts';
import { certificatesOf, listOf } from './pem.ts';
import { proposalTexts } from './proposal-texts.ts';
import { type ExportedFile, ExportReport } from './report.ts';

export interface SswanExtras {
  /** RFC 9562; a file with the same one replaces what was imported before. */
  readonly uuid: string;
  /** Certificate, key and chain (`sealPkcs12` of pki). Without it the user imports the certificate apart. */
  readonly pkcs12?: Uint8Array;
}

/** With a user name the app takes whichever method the gateway asks for. */
function kindOf({ auth, auth2 }: ProfileDocument['local']): string {
  if (auth.eap === undefined) return byPassword(auth2) ? 'ikev2-cert-eap' : 'ikev2-cert';
  return listOf(auth.eap)[0] === 'tls' ? 'ikev2-eap-tls' : 'ikev2-eap';
}

/** The second round, where the app has it: a user name behind the certificate. */
function secondRound(report: ExportReport, document: ProfileDocument, near: Record<string, unknown>): void {
  const { id, auth2, id2 } = document.local;
  if (auth2 === undefined) return;
  if (!byPassword(auth2)) {
    report.lost('local.auth2', 'the app has a user name with a password in the second round only');
    return;
  }
  if (auth2.username !== undefined) near.eap_id = auth2.username;
  report.wrote('local.auth2', 'local.eap_id', 'without the password: the app asks for it');
  if (id2 !== undefined && id2 === id) report.wrote('local.id2', 'local.id');
  else if (id2 !== undefined || id !== undefined)
    report.lost('local.id2', 'the app goes by local.id in both rounds');
  lostOfDevice(report, document, 'auth2');
}

export function exportSswan(document: ProfileDocument, extras: SswanExtras): Result<ExportedFile, string> {
  const { gateway, local, remote, ike, esp } = document;
  if (local.auth.psk !== undefined || remote?.auth === 'psk')
    return err('cannot be written as .sswan: strongSwan for Android has no pre-shared keys');
  const report = new ExportReport();
  const [host, ...others] = listOf(gateway.hosts);
  if (host === undefined) return err('cannot be written as .sswan: gateway.hosts is empty');
  report.wrote('gateway.hosts', 'remote.addr', others.length > 0 ? 'the first host only' : undefined);
  const far: Record<string, unknown> = { addr: host };
  if (gateway.port !== undefined) {
    far.port = gateway.port;
    report.wrote('gateway.port', 'remote.port');
  }
  if (remote?.id !== undefined) {
    far.id = remote.id;
    report.wrote('remote.id', 'remote.id');
  }
  const [anchor, ...more] = certificatesOf(remote?.anchors);
  if (anchor) {
    far.cert = printBase64(anchor);
    report.wrote('remote.anchors', 'remote.cert', more.length > 0 ? 'the first certificate only' : undefined);
  } else report.lost('remote.anchors', 'there is no certificate in it: import the CA on the device');
  if (remote?.auth !== 'eap') report.wrote('remote.auth', 'type');
  const near: Record<string, unknown> = {};
  if (local.id !== undefined) {
    near.id = local.id;
    report.wrote('local.id', 'local.id');
  }
  const kind = kindOf(local);
  if (kind === 'ikev2-eap') {
    if (local.auth.username !== undefined) near.eap_id = local.auth.username;
    report.wrote('local.auth', 'local.eap_id', 'without the password: the app asks for it');
  } else if (extras.pkcs12) {
    near.p12 = printBase64(extras.pkcs12);
    report.wrote('local.auth', 'local.p12');
  } else report.lost('local.auth', 'is left out: import the PKCS#12 file on the device');
  lostOfDevice(report, document, 'auth');
  secondRound(report, document, near);
  const { crl, ocsp } = remote?.revocation ?? {};
  if (remote?.revocation) {
    far.revocation = { crl: crl !== 'off', ocsp: ocsp !== 'off', strict: [crl, ocsp].includes('strict') };
    const mixed = crl !== 'off' && ocsp !== 'off' && (crl === 'strict') !== (ocsp === 'strict');
    report.wrote('remote.revocation', 'remote.revocation', mixed ? 'strict for both' : undefined);
  }
  if (ike?.preferPss !== undefined) {
    near['rsa-pss'] = ike.preferPss;
    report.wrote('ike.preferPss', 'local.rsa-pss');
  }
  const file: Record<string, unknown> = {
    uuid: extras.uuid,
    name: document.name,
    type: kind,
    remote: far,
    local: near,
  };
  for (const [protocol, value] of [
    ['ike', ike?.proposals],
    ['esp', esp?.proposals],
  ] as const) {
    if (value === undefined) continue;
    file[`${protocol}-proposal`] = proposalTexts(value, protocol).join(',');
    report.wrote(`${protocol}.proposals`, `${protocol}-proposal`);
  }
  const children = Object.values(document.children ?? {});
  const subnets = children
    .flatMap((child) => listOf(child.remote))
    .filter((text) => !/^(0\.0\.0\.0\/0|::\/0|dynamic)$/.test(text));
  if (subnets.length > 0) {
    file['split-tunneling'] = { subnets: subnets.map((text) => text.replace(/\[.*$/, '')) };
    report.wrote(
      'children',
      'split-tunneling.subnets',
      'the remote selectors of all children, without ports',
    );
  }
  if (document.mtu !== undefined) {
    file.mtu = document.mtu;
    report.wrote('mtu', 'mtu');
  }
  if (typeof document.keepalive === 'number') {
    file['nat-keepalive'] = document.keepalive;
    report.wrote('keepalive', 'nat-keepalive');
  }
  const servers = listOf(document.dns?.servers);
  if (servers.length > 0) {
    file['dns-servers'] = servers;
    report.wrote('dns.servers', 'dns-servers');
  }
  if ((document.killSwitch?.mode ?? 'off') !== 'off')
    report.lost('killSwitch', 'is a setting of Android: block connections without VPN');
  report.rest(document);
  return ok({ text: `${JSON.stringify(file, undefined, 2)}\n`, report: report.lines });
}
