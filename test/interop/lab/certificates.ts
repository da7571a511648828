/** One scenario a kind of key: certificates of that kind at both ends, the gateway's below a sub CA. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { ProfileDocument } from '../../../engine/profile/schema.ts';
import { byCertificate, gatewayConf, gatewayFiles } from './gateway.ts';
import { Authority, type KeyKind } from './pki.ts';
import { CLIENT_ID, GATEWAY_ID, profile } from './profile.ts';
import { type Stage, scenario } from './stage.ts';

export interface CertificateCase {
  readonly step: string;
  readonly key: KeyKind;
  /** The gateway's constraint on our signature, such as `pubkey-sha256` or `ike:rsa/pss-sha256`. */
  readonly wants?: string;
  /** How the gateway signs, in the same notation. */
  readonly signs?: string;
  readonly preferPss?: boolean;
  /** What the gateway's log must say about both signatures. */
  readonly gatewayLog: readonly RegExp[];
}

export function certificateScenario(name: string, cases: readonly CertificateCase[]): void {
  scenario(name, async (stage) => {
    for (const each of cases) await stage.step(each.step, () => connects(stage, each));
  });
}

async function connects(stage: Stage, each: CertificateCase): Promise<void> {
  const root = await Authority.root(join(stage.lab.folder, 'pki'), 'Laboratory root', each.key);
  const sub = await root.sub('Laboratory sub CA', each.key);
  const [own, client] = await Promise.all([
    sub.leaf({ key: each.key, names: [`DNS:${GATEWAY_ID}`] }),
    root.leaf({ key: each.key, names: [`DNS:${CLIENT_ID}`] }),
  ]);
  await stage.gateway.load(
    gatewayConf({
      local: byCertificate(each.signs),
      remote: { auth: each.wants ?? 'pubkey', cacerts: 'clients-root.pem' },
    }),
    gatewayFiles(own, root.certificate),
  );
  const mark = stage.gateway.log().length;
  const ike: ProfileDocument['ike'] = {
    proposals: 'aes128gcm16-prfsha256-x25519!',
    ...(each.preferPss === undefined ? {} : { preferPss: each.preferPss }),
  };
  await stage.connect(profile({ auth: client, anchors: [root.certificate], more: { ike } }));
  for (const line of each.gatewayLog) assert.match(stage.gateway.logSince(mark), line);
  await stage.carries();
  await stage.disconnect();
}
