/** `culvert diagnose`: everything that the engine knows, without secrets, for whoever is to find out what is wrong. */
import type { Command } from 'commander';
import { type CommonOptions, withCommon, withEngine } from '../context.ts';
import { writePrivate } from '../write-private.ts';

interface DiagnoseOptions extends CommonOptions {
  readonly output?: string;
  readonly mask?: boolean;
}

/** The doctor looks at every profile, and commands of the system have their own time limits. */
const DIAGNOSE_MS = 120_000;

export function addDiagnoseCommand(program: Command): void {
  withCommon(program.command('diagnose'))
    .description('gather what the engine knows into one bundle without secrets, to send to whoever helps')
    .option('-o, --output <file>', 'where to (default: standard output)')
    .option('--mask', 'replace addresses, host names, identities and user names by pseudonyms')
    .action((options: DiagnoseOptions) =>
      withEngine(options, async (client, output) => {
        const bundle = await client.call(
          'diagnose.bundle',
          { mask: options.mask },
          { timeoutMs: DIAGNOSE_MS },
        );
        const text = JSON.stringify(bundle, null, 2);
        const { output: file } = options;
        for (const line of bundle.omitted) output.warn(`left out: ${line}`);
        if (file === undefined) {
          output.result(bundle, () => text);
          return 0;
        }
        writePrivate(file, `${text}\n`);
        const octets = Buffer.byteLength(text) + 1;
        output.result(
          { output: file, octets, masked: bundle.masked, omitted: bundle.omitted },
          () =>
            `wrote ${file} (${octets} octets)${bundle.masked ? '' : '; addresses and names are in it, see --mask'}`,
        );
        return 0;
      }),
    );
}
