/** A gateway that calls itself by its subject, or by a name, and profiles that take it by a pattern. */
import { join } from 'node:path';
import { byCertificate, gatewayConf, gatewayFiles } from '../lab/gateway.ts';
import { Authority } from '../lab/pki.ts';
import { CLIENT_ID, GATEWAY_ID, profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

const SUBJECT = `O=Culvert laboratory, CN=${GATEWAY_ID}`;

scenario('dn-wildcards', async (stage) => {
  const root = await Authority.root(join(stage.lab.folder, 'pki'), 'Laboratory root');
  const gateway = await root.leaf({ names: [`DNS:${GATEWAY_ID}`] });
  const client = await root.leaf({ names: [`DNS:${CLIENT_ID}`] });
  const load = (id: string): Promise<void> =>
    stage.gateway.load(
      gatewayConf({
        local: { ...byCertificate(), id },
        remote: { auth: 'pubkey', id: '%any' },
        connection: { send_cert: 'always' },
      }),
      gatewayFiles(gateway, root.certificate),
    );
  const wanting = (remoteId: string, dn?: string) =>
    profile({
      auth: client,
      anchors: [root.certificate],
      remoteId,
      more: dn === undefined ? {} : { remote: { dn } },
    });

  for (const remoteId of [
    SUBJECT,
    'O=Culvert laboratory, CN=*',
    `O=*, CN=${GATEWAY_ID}`,
    'o=culvert LABORATORY, cn=*',
  ])
    await stage.step(`${remoteId} takes the gateway`, async () => {
      await load(SUBJECT);
      await stage.connect(wanting(remoteId));
      await stage.disconnect();
    });

  for (const remoteId of ['O=Somebody else, CN=*', 'CN=*', 'CN=*, O=Culvert laboratory', '*.lab.example'])
    await stage.step(`${remoteId} refuses it`, async () => {
      await load(SUBJECT);
      await stage.refused(wanting(remoteId), {
        code: 'PEER_IDENTITY_MISMATCH',
        says: /does not fit remote\.id/,
      });
    });

  await stage.step('a name by its domain, and the subject beside it', async () => {
    await load(GATEWAY_ID);
    await stage.connect(wanting('*.lab.example', 'O=Culvert laboratory, CN=*'));
    await stage.disconnect();
  });

  await stage.step('a subject that does not fit remote.dn', async () => {
    await load(GATEWAY_ID);
    await stage.refused(wanting(GATEWAY_ID, 'O=Somebody else, CN=*'), {
      code: 'PEER_CERTIFICATE',
      check: 'identity',
      says: /does not fit remote\.dn/,
    });
  });
});
