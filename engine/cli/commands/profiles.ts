/** `culvert profiles add|list|show|remove`. */
import type { Command } from 'commander';
import type { ProfileSummary } from '../../api/snapshot.ts';
import { type CommonOptions, withCommon, withEngine } from '../context.ts';
import { readProfileFile } from '../read-profile.ts';

const line = ({ name, hosts, localId, remoteId, auth, problem }: ProfileSummary): string =>
  problem === undefined
    ? `${name}\t${hosts.join(', ')}\t${auth}\t${localId ?? '-'} → ${remoteId ?? hosts[0] ?? '-'}`
    : `${name}\tunusable: ${problem}`;

export function addProfileCommands(program: Command): void {
  const profiles = program.command('profiles').description('stored connection profiles');

  withCommon(profiles.command('add').argument('<file>', 'profile as JSON'))
    .description('check a profile and store it; files that it names are stored with it')
    .option('--replace', 'replace a stored profile of that name')
    .action((file: string, options: CommonOptions & { readonly replace?: boolean }) =>
      withEngine(options, async (client, output) => {
        const { document, warnings } = readProfileFile(file);
        const result = await client.call('profiles.add', { profile: document, replace: options.replace });
        for (const warning of new Set([...warnings, ...result.warnings])) output.warn(warning);
        output.result(result, () => `stored ${result.name}`);
        return 0;
      }),
    );

  withCommon(profiles.command('list'))
    .description('list the stored profiles')
    .action((options: CommonOptions) =>
      withEngine(options, async (client, output) => {
        const result = await client.call('profiles.list', {});
        output.result(result, () => result.profiles.map(line).join('\n') || 'no profiles');
        return 0;
      }),
    );

  withCommon(profiles.command('show').argument('<name>'))
    .description('print a stored profile; its secrets read ***')
    .action((name: string, options: CommonOptions) =>
      withEngine(options, async (client, output) => {
        const result = await client.call('profiles.get', { name });
        output.result(result, () => JSON.stringify(result.profile, null, 2));
        return 0;
      }),
    );

  withCommon(profiles.command('remove').argument('<name>'))
    .description('forget a stored profile')
    .action((name: string, options: CommonOptions) =>
      withEngine(options, async (client, output) => {
        await client.call('profiles.remove', { name });
        output.result({ removed: name }, () => `removed ${name}`);
        return 0;
      }),
    );
}
