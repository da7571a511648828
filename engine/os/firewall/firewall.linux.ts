/** The kill switch on Linux: nftables through nft(8), one transaction a change. */
import type { CommandRunner } from '../command.ts';
import { OsError } from '../error.ts';
import type { FirewallPort } from './port.ts';
import { removalScript, rulesetScript } from './ruleset.ts';

/** @param table name of the table, for this engine alone */
export function linuxFirewall(commands: CommandRunner, table: string): FirewallPort {
  const run = async (script: string): Promise<void> => {
    const { status, stderr } = await commands.run('nft', ['-f', '-'], { input: script });
    if (status !== 0)
      throw new OsError('firewall-failed', 'the kill switch could not be set', stderr.trim() || 'nft -f -');
  };
  return {
    enforce: (wish) => run(rulesetScript(table, wish)),
    // Without nft nothing can have been set by it.
    remove: async () => {
      if (commands.find('nft') !== undefined) await run(removalScript(table));
    },
  };
}
