/**
 * Who keeps the key on macOS: the system keychain, through `/usr/bin/security`. The key goes in by standard input
 * (`security -i`), for arguments can be seen by every user.
 */
import { randomBytes } from 'node:crypto';
import { fromHex, toHex } from '../../base/bytes.ts';
import type { CommandRunner } from '../command.ts';
import { type KeyKeeper, SecretsError } from './port.ts';

const KEYCHAIN = '/Library/Keychains/System.keychain';
const ACCOUNT = 'culvert';
const SERVICE = /^culvert-secrets-[0-9a-f]{16}$/;
const HEX = /^(?:[0-9a-f]{2})+$/;

/** What is "sealed" is the name of the keychain's item. */
export function keychainKeeper(commands: CommandRunner): KeyKeeper {
  const run: CommandRunner['run'] = async (name, args, options) => {
    const result = await commands.run(name, args, options);
    if (result.status === 0) return result;
    const said = result.stderr.trim().split('\n').at(-1) ?? '';
    throw new SecretsError('unavailable', `the system keychain: ${said.slice(0, 200)}`);
  };
  return {
    kind: 'keychain',
    protection: 'secrets are encrypted with a key in the system keychain',
    seal: async (key) => {
      const service = `culvert-secrets-${randomBytes(8).toString('hex')}`;
      const line = `add-generic-password -a ${ACCOUNT} -s ${service} -w ${toHex(key)} ${KEYCHAIN}\n`;
      await run('security', ['-i'], { input: line });
      return new TextEncoder().encode(service);
    },
    unseal: async (sealed) => {
      const service = new TextDecoder().decode(sealed);
      if (!SERVICE.test(service)) throw new SecretsError('unavailable', 'the name of the key is damaged');
      const query = ['find-generic-password', '-a', ACCOUNT, '-s', service, '-w', KEYCHAIN];
      const text = (await run('security', query)).stdout.trim();
      if (!HEX.test(text)) throw new SecretsError('unavailable', 'the system keychain gave back no key');
      return fromHex(text);
    },
  };
}
