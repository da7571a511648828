/** A small PKI: a gateway of the demo with a certificate, and what its user was handed out. */
import { createPrivateKey } from 'node:crypto';
import type { OpenedFile } from '../../electron/bridge/contract.ts';
import type { GatewayIdentity } from '../../engine/demo/scene.ts';
import { createCredentials } from '../../engine/pki/answer.ts';
import { authorityHashes } from '../../engine/pki/authorities.ts';
import { parseIdentity } from '../../engine/pki/identity.ts';
import { sealPkcs12 } from '../../engine/pki/pkcs12-write.ts';
import { issue } from '../engine/pki/fixtures.ts';

export const PASSPHRASE = 'open sesame';
const GATEWAY = 'gateway.example.org';

export interface Handout {
  readonly identity: GatewayIdentity;
  /** The user's certificate with its key, and the CA. */
  readonly bundle: OpenedFile;
  readonly gatewayName: string;
  /** A profile whose key is encrypted, without the passphrase. */
  readonly locked: (name: string, port: number) => Readonly<Record<string, unknown>>;
}

export async function handout(): Promise<Handout> {
  const day = 24 * 3600 * 1000;
  const from = new Date(Date.now() - day).toISOString();
  const to = new Date(Date.now() + 400 * day).toISOString();
  const root = await issue({ subject: 'O=Example, CN=Example Root CA', ca: true, from, to });
  const gateway = await issue({ subject: `CN=${GATEWAY}`, issuer: root, dns: [GATEWAY], from, to });
  const user = await issue({
    subject: 'O=Example, CN=Alice Example',
    issuer: root,
    san: [{ type: 'email', value: 'alice@example.org' }],
    from,
    to,
  });
  const anchors = [root.certificate];
  const credentials = createCredentials({
    key: gateway.key,
    anchors,
    now: () => Date.now(),
    warn: () => undefined,
    eku: 'ignore',
    allowLegacy: false,
  });
  const bundle = sealPkcs12(
    { certificate: user.certificate, key: user.key, chain: anchors, name: 'Alice' },
    PASSPHRASE,
    'modern',
  );
  const lockedKey = createPrivateKey(user.keyPem).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: PASSPHRASE,
  }) as string;
  return {
    identity: {
      config: {
        localId: parseIdentity(GATEWAY),
        localAuth: { kind: 'pubkey', chain: [gateway.der] },
        remoteAuth: { kind: 'pubkey', authorities: authorityHashes(anchors) },
      },
      credentials,
    },
    bundle: { name: 'alice.p12', content: Buffer.from(bundle).toString('base64') },
    gatewayName: GATEWAY,
    locked: (name, port) => ({
      name,
      gateway: { hosts: ['127.0.0.1'], port },
      local: { id: 'alice@example.org', auth: { certificate: user.pem, key: lockedKey } },
      remote: { id: GATEWAY, anchors: root.pem },
    }),
  };
}
