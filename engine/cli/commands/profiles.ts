/** `culvert profiles add|list|show|export|remove`. */
import type { Command } from 'commander';
import { ApiError, localFailure } from '../../api/failure.ts';
import { EXPORT_FORMATS, type ExportFormat } from '../../api/import.ts';
import type { ProfileSummary } from '../../api/snapshot.ts';
import { type CommonOptions, withCommon, withEngine } from '../context.ts';
import { mappingText } from '../import-text.ts';
import { readSecretFile } from '../read-bytes.ts';
import { readProfileFile } from '../read-profile.ts';
import { writePrivate } from '../write-private.ts';

const line = ({ name, hosts, localId, remoteId, auth, problem }: ProfileSummary): string =>
  problem === undefined
    ? `${name}\t${hosts.join(', ')}\t${auth}\t${localId ?? '-'} → ${remoteId ?? hosts[0] ?? '-'}`
    : `${name}\tunusable: ${problem}`;

interface ExportOptions extends CommonOptions {
  readonly format: string;
  readonly passphraseFile?: string;
  readonly output?: string;
}

function formatOf(text: string): ExportFormat {
  const format = EXPORT_FORMATS.find((known) => known === text);
  if (!format)
    throw new ApiError(localFailure('USAGE', `--format ${text}: must be ${EXPORT_FORMATS.join(', ')}`));
  return format;
}

function addExportCommand(profiles: Command): void {
  withCommon(profiles.command('export').argument('<name>'))
    .description('write a stored profile as a file; without a passphrase its secrets are left out')
    .requiredOption('--format <format>', EXPORT_FORMATS.join(', '))
    .option('--passphrase-file <file>', 'passphrase to seal the secrets with')
    .option('-o, --output <file>', 'where to (default: standard output)')
    .action((name: string, options: ExportOptions) =>
      withEngine(options, async (client, output) => {
        const format = formatOf(options.format);
        const passphrase =
          options.passphraseFile === undefined ? undefined : readSecretFile(options.passphraseFile);
        const result = await client.call('profiles.export', { name, format, passphrase });
        const content = Buffer.from(result.content, 'base64');
        if (options.output !== undefined) writePrivate(options.output, content);
        for (const line of result.report) if (line.kind !== 'taken') output.warn(mappingText(line).trim());
        output.result(options.output === undefined ? result : { ...result, output: options.output }, () =>
          options.output === undefined ? content.toString().trimEnd() : `wrote ${options.output}`,
        );
        return 0;
      }),
    );
}

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

  addExportCommand(profiles);
}
