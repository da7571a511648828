/** A RADIUS server behind the gateway with EAP methods that charon has not got: hostapd, without any radio. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { requireOrSkip } from '../../support/require.ts';
import { ended, until } from './command.ts';
import type { Host } from './host.ts';
import type { Credential } from './pki.ts';
import type { Settings } from './settings.ts';

const SECRET = 'between gateway and AAA';

/** For `plugins` of charon. */
export const RADIUS_PLUGIN: Settings = {
  'eap-radius': { servers: { aaa: { address: '127.0.0.1', secret: SECRET, auth_port: 1812 } } },
};

export const hasRadius = (t: TestContext): boolean => requireOrSkip(t, { commands: ['hostapd'] });

export interface RadiusWishes {
  readonly own: Credential;
  /** CA of users that come with a certificate. */
  readonly clients: string;
  readonly tls: '1.2' | '1.3';
  /** In hostapd's words: `"carol" TTLS-PAP "secret" [2]`. */
  readonly users: readonly string[];
}

/** Resolves when it listens; the answer ends it. */
export async function startRadius(host: Host, wishes: RadiusWishes): Promise<() => Promise<void>> {
  const at = (name: string): string => join(host.folder, `radius.${name}`);
  const put = (name: string, text: string): string => {
    writeFileSync(at(name), text, { mode: 0o600 });
    return at(name);
  };
  const settings = [
    'driver=none',
    'eap_server=1',
    'radius_server_auth_port=1812',
    `radius_server_clients=${put('clients', `127.0.0.1/32 ${SECRET}\n`)}`,
    `eap_user_file=${put('users', `${wishes.users.join('\n')}\n`)}`,
    `ca_cert=${put('ca.pem', wishes.clients)}`,
    `server_cert=${put('own.pem', [wishes.own.certificate, ...wishes.own.issuers].join('\n'))}`,
    `private_key=${put('own.key', wishes.own.key)}`,
    `tls_flags=${wishes.tls === '1.3' ? '[ENABLE-TLSv1.3]' : '[DISABLE-TLSv1.3]'}`,
    'tls_session_lifetime=0',
    'fragment_size=700',
  ];
  const child = host.spawn(['hostapd', '-dd', put('conf', `${settings.join('\n')}\n`)], { log: at('log') });
  await until('the RADIUS server', async () => {
    const { stdout } = await host.run(['ss', '-Hulnp', 'sport = :1812']);
    return stdout.trim() !== '';
  });
  return async () => {
    child.kill('SIGTERM');
    await ended(child, 2_000);
  };
}
