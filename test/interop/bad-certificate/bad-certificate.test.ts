/** Every way in which a certificate is not good enough, each with its own reason. */
import { join } from 'node:path';
import { byCertificate, gatewayConf, gatewayFiles } from '../lab/gateway.ts';
import { Authority, type Credential } from '../lab/pki.ts';
import { CLIENT_ID, GATEWAY_ID, profile } from '../lab/profile.ts';
import { type Refusal, type Stage, scenario } from '../lab/stage.ts';

const NAME = `DNS:${GATEWAY_ID}`;

scenario('bad-certificate', async (stage) => {
  const folder = join(stage.lab.folder, 'pki');
  const root = await Authority.root(folder, 'Laboratory root');
  const stranger = await Authority.root(folder, 'Root of a stranger');

  const gatewayWith = async (own: Credential, id = GATEWAY_ID) =>
    stage.gateway.load(
      gatewayConf({ local: { ...byCertificate(), id }, connection: { send_cert: 'always' } }),
      gatewayFiles(own, root.certificate),
    );

  const cases: readonly {
    readonly step: string;
    readonly own: () => Promise<Credential>;
    readonly expected: Refusal;
  }[] = [
    {
      step: 'of an unknown CA',
      own: () => stranger.leaf({ names: [NAME] }),
      expected: { code: 'PEER_CERTIFICATE', check: 'unknown-ca' },
    },
    {
      step: 'expired',
      own: () => root.leaf({ names: [NAME], validFrom: -20, validUntil: -10 }),
      expected: { code: 'PEER_CERTIFICATE', check: 'expired', says: new RegExp(day(-10)) },
    },
    {
      step: 'not yet valid',
      own: () => root.leaf({ names: [NAME], validFrom: 10, validUntil: 20 }),
      expected: { code: 'PEER_CERTIFICATE', check: 'not-yet-valid', says: new RegExp(day(10)) },
    },
    {
      step: 'with its name in the CN alone',
      own: () => root.leaf({ names: [], commonName: GATEWAY_ID }),
      expected: { code: 'PEER_CERTIFICATE', check: 'identity' },
    },
    {
      step: 'whose subjectAltName is another name',
      own: () => root.leaf({ names: ['DNS:other.lab.example'], commonName: GATEWAY_ID }),
      expected: { code: 'PEER_CERTIFICATE', check: 'identity', says: /other\.lab\.example/ },
    },
    {
      step: 'for the wrong purpose',
      own: () => root.leaf({ names: [NAME], usage: 'emailProtection' }),
      expected: { code: 'PEER_CERTIFICATE', check: 'eku' },
    },
  ];
  for (const { step, own, expected } of cases) {
    await stage.step(step, async () => {
      await gatewayWith(await own());
      await stage.refused(profile({ anchors: [root.certificate] }), expected);
    });
  }

  await stage.step('of a gateway with another identity', async () => {
    await gatewayWith(await root.leaf({ names: ['DNS:other.lab.example'] }), 'other.lab.example');
    await stage.refused(profile({ anchors: [root.certificate], more: { remote: { sendId: false } } }), {
      code: 'PEER_IDENTITY_MISMATCH',
      says: /other\.lab\.example/,
    });
  });

  await stage.step('of ours, which the gateway does not know', () => refusesOurs(stage, root, stranger));

  await stage.step('a good one works afterwards', async () => {
    await gatewayWith(await root.leaf({ names: [NAME] }));
    await stage.connect(profile({ anchors: [root.certificate] }));
    await stage.carries();
    await stage.disconnect();
  });
});

async function refusesOurs(stage: Stage, root: Authority, stranger: Authority): Promise<void> {
  await stage.gateway.load(
    gatewayConf({ local: byCertificate(), remote: { auth: 'pubkey', cacerts: 'clients-root.pem' } }),
    gatewayFiles(await root.leaf({ names: [NAME] }), root.certificate),
  );
  const auth = await stranger.leaf({ names: [`DNS:${CLIENT_ID}`] });
  await stage.refused(profile({ auth, anchors: [root.certificate] }), { code: 'AUTHENTICATION_FAILED' });
}

/** A day from now as it must appear in the reason. */
function day(offset: number): string {
  return new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
}
