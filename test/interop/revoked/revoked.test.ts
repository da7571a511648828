/** A gateway whose certificate its CA took back, by CRL and by OCSP, and what happens when nobody can say. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProfileDocument } from '../../../engine/profile/schema.ts';
import { PLUGINS } from '../lab/charon.ts';
import { must, until } from '../lab/command.ts';
import { byCertificate, gatewayConf, gatewayFiles } from '../lab/gateway.ts';
import type { Host } from '../lab/host.ts';
import { Authority, type Credential } from '../lab/pki.ts';
import { CLIENT_ID, GATEWAY_ID, profile } from '../lab/profile.ts';
import { type Stage, scenario } from '../lab/stage.ts';

/** On the client's loopback: only what is said counts here, not the way to it. */
const CRL_PORT = 8080;
const OCSP_PORT = 8081;
const CRL_URL = `http://127.0.0.1:${CRL_PORT}/ca.crl`;
const OCSP_URL = `http://127.0.0.1:${OCSP_PORT}/`;

type Modes = NonNullable<NonNullable<ProfileDocument['remote']>['revocation']>;

scenario(
  'revoked',
  async (stage) => {
    const root = await Authority.root(join(stage.lab.folder, 'pki'), 'Laboratory root');
    const folder = root.folder;
    const index = join(folder, 'status.index');
    const own = (name: string, uris: readonly string[]): Promise<Credential> =>
      root.leaf({ names: [`DNS:${GATEWAY_ID}`], commonName: name, extensions: uris });
    const byCrl = await own('listed', [`crlDistributionPoints=URI:${CRL_URL}`]);
    const byOcsp = await own('asked for', [`authorityInfoAccess=OCSP;URI:${OCSP_URL}`]);

    const up = async (gateway: Credential, modes: Modes): Promise<ProfileDocument> => {
      await stage.gateway.load(
        gatewayConf({ local: byCertificate(), connection: { send_cert: 'always' } }),
        gatewayFiles(gateway, root.certificate),
      );
      return profile({ anchors: [root.certificate], more: { remote: { revocation: modes } } });
    };

    // One answer is kept for the next time, so each case has a certificate of its own.
    const silent = await own('never answered for', [`authorityInfoAccess=OCSP;URI:${OCSP_URL}`]);
    const good = await own('still good', [`authorityInfoAccess=OCSP;URI:${OCSP_URL}`]);
    const rows = await Promise.all([row(byCrl, true), row(byOcsp, true), row(good, false)]);
    writeFileSync(index, rows.join(''));
    await publish(folder, index);
    await Promise.all([serveLists(stage.lab.client, folder), serveLists(stage.lab.gw, folder)]);

    for (const mode of ['relaxed', 'strict'] as const) {
      await stage.step(`by CRL, ${mode}`, async () => {
        await stage.refused(await up(byCrl, { crl: mode, ocsp: 'off' }), {
          code: 'PEER_CERTIFICATE',
          check: 'revoked',
          says: /revoked on 20\d\d-\d\d-\d\d \(reason: keyCompromise\)/,
        });
      });
      await stage.step(`by OCSP, ${mode}`, async () => {
        const stop = await serveOcsp(stage, folder, index);
        try {
          await stage.refused(await up(byOcsp, { crl: 'off', ocsp: mode }), {
            code: 'PEER_CERTIFICATE',
            check: 'revoked',
            says: /reason: keyCompromise/,
          });
        } finally {
          stop();
        }
      });
    }

    await stage.step('a sub CA that the root took back', async () => {
      // Not the list that is kept from before.
      const uris = [`crlDistributionPoints=URI:${CRL_URL.replace('ca.crl', 'later.crl')}`];
      const sub = await root.sub('Sub CA that is revoked', 'p256', 0, uris);
      writeFileSync(index, [...rows, await row(sub, true)].join(''));
      await publish(folder, index);
      const below = await sub.leaf({ names: [`DNS:${GATEWAY_ID}`], commonName: 'below it' });
      for (const mode of ['relaxed', 'strict'] as const)
        await stage.refused(await up(below, { crl: mode, ocsp: 'off' }), {
          code: 'PEER_CERTIFICATE',
          check: 'revoked',
          says: /"O=Culvert laboratory, CN=Sub CA that is revoked" was revoked/,
        });
    });

    await stage.step('a certificate of ours that the gateway finds revoked', async () => {
      const ours = await root.leaf({
        names: [`DNS:${CLIENT_ID}`],
        commonName: 'ours',
        extensions: [`crlDistributionPoints=URI:${CRL_URL}`],
      });
      writeFileSync(index, [...rows, await row(ours, true)].join(''));
      await publish(folder, index);
      await stage.gateway.load(
        gatewayConf({
          local: byCertificate(),
          remote: { auth: 'pubkey', cacerts: 'clients-root.pem', revocation: 'strict' },
        }),
        gatewayFiles(good, root.certificate),
      );
      const failure = await stage.refused(
        profile({
          auth: ours,
          anchors: [root.certificate],
          more: { remote: { revocation: { crl: 'off', ocsp: 'off' } } },
        }),
        { code: 'AUTHENTICATION_FAILED', says: /we proved ourselves with our certificate/ },
      );
      assert.match(failure.advice?.join('\n') ?? '', /revoked/);
      assert.match(stage.gateway.log(), /certificate was revoked on/);
    });

    await stage.step('off: nobody is asked', async () => {
      await stage.connect(await up(byCrl, { crl: 'off', ocsp: 'off' }));
      await stage.disconnect();
    });

    await stage.step('nobody answers, strict', async () => {
      await stage.refused(await up(silent, { crl: 'off', ocsp: 'strict' }), {
        code: 'PEER_CERTIFICATE',
        check: 'revocation-unknown',
        says: /OCSP responder cannot be asked/,
      });
    });

    await stage.step('nobody answers, relaxed: a warning', async () => {
      const mark = readFileSync(stage.culvert.logFile, 'utf8').length;
      await stage.connect(await up(silent, { crl: 'off', ocsp: 'relaxed' }));
      const said = readFileSync(stage.culvert.logFile, 'utf8').slice(mark);
      assert.match(said, /could not be found out whether the certificate .* is revoked/);
      await stage.disconnect();
    });

    await stage.step('a good answer, strict', async () => {
      const stop = await serveOcsp(stage, folder, index);
      try {
        await stage.connect(await up(good, { crl: 'off', ocsp: 'strict' }));
        await stage.carries();
        await stage.disconnect();
      } finally {
        stop();
      }
    });
  },
  { settings: { load: `${PLUGINS} curl` } },
);

/** A line of OpenSSL's database. */
async function row({ certificate }: Credential, revoked: boolean): Promise<string> {
  const said = await must('openssl', ['x509', '-noout', '-serial'], { input: certificate });
  const serial = said.trim().replace('serial=', '');
  const expiry = '491231235959Z';
  return revoked
    ? `R\t${expiry}\t260101000000Z,keyCompromise\t${serial}\tunknown\t/CN=${serial}\n`
    : `V\t${expiry}\t\t${serial}\tunknown\t/CN=${serial}\n`;
}

async function publish(folder: string, index: string): Promise<void> {
  const config = join(folder, 'crl.cnf');
  writeFileSync(
    config,
    `[ca]\ndefault_ca=it\n[it]\ndatabase=${index}\ndefault_md=sha256\ncertificate=${join(folder, 'ca.pem')}\nprivate_key=${join(folder, 'ca.key')}\n`,
  );
  await must('openssl', [
    'ca',
    '-config',
    config,
    '-gencrl',
    '-crldays',
    '1',
    '-out',
    join(folder, 'ca.crl'),
  ]);
}

/** Resolves when somebody listens. */
async function serveLists(host: Host, folder: string): Promise<void> {
  const script = `const fs=require('node:fs');require('node:http').createServer((q,a)=>a.end(fs.readFileSync(${JSON.stringify(join(folder, 'ca.crl'))}))).listen(${CRL_PORT},'127.0.0.1')`;
  host.spawn([process.execPath, '-e', script]);
  await listening(host, CRL_PORT);
}

/** Resolves when the responder listens. */
async function serveOcsp({ lab }: Stage, folder: string, index: string): Promise<() => void> {
  const ca = join(folder, 'ca.pem');
  const child = lab.client.spawn(
    [
      ...['openssl', 'ocsp', '-port', String(OCSP_PORT), '-index', index, '-CA', ca],
      ...['-rsigner', ca, '-rkey', join(folder, 'ca.key'), '-nmin', '5'],
    ],
    { log: join(lab.folder, 'ocsp.log') },
  );
  await listening(lab.client, OCSP_PORT);
  return () => child.kill('SIGKILL');
}

const listening = (host: Host, port: number): Promise<unknown> =>
  until(`a server on port ${port}`, async () => {
    const { stdout } = await host.run(['ss', '-Htln', `sport = :${port}`]);
    return stdout.trim() !== '';
  });
