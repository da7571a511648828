/** Network facts of Linux: iproute2, the resolvers, and our own nftables table. */
import { open } from 'node:fs/promises';
import { type CommandRunner, commandLine } from '../command.ts';
import type { SystemFact } from './port.ts';

/** Characters of one fact; a full routing table would drown the rest. */
const MAX_FACT = 32 * 1024;
const LIMIT_MS = 5_000;
const RESOLV_CONF = '/etc/resolv.conf';

const COMMANDS: readonly (readonly [string, ...string[]])[] = [
  ['ip', 'address', 'show'],
  ['ip', 'link', 'show'],
  ['ip', '-4', 'rule', 'show'],
  ['ip', '-6', 'rule', 'show'],
  ['ip', '-4', 'route', 'show', 'table', 'all'],
  ['ip', '-6', 'route', 'show', 'table', 'all'],
  ['resolvectl', '--no-pager', 'status'],
];

/** The beginning of a text that is too long, and how much is missing. */
export const cut = (text: string, limit: number = MAX_FACT): string =>
  text.length <= limit
    ? text
    : `${text.slice(0, limit)}\n… (${text.length - limit} more characters left out)`;

async function asked(
  commands: CommandRunner,
  [name, ...args]: readonly [string, ...string[]],
): Promise<SystemFact> {
  const title = commandLine(name, args);
  if (commands.find(name) === undefined) return { title, text: `${name} is not installed` };
  const { status, stdout, stderr } = await commands.run(name, args, { limit: LIMIT_MS });
  if (status === 0) return { title, text: cut(stdout.trimEnd()) };
  return {
    title,
    text: cut([`failed (${status})`, stderr.trim(), stdout.trimEnd()].filter(Boolean).join('\n')),
  };
}

async function beginning(path: string): Promise<SystemFact> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(new Uint8Array(MAX_FACT), 0, MAX_FACT, 0);
      return { title: path, text: new TextDecoder().decode(buffer.subarray(0, bytesRead)).trimEnd() };
    } finally {
      await file.close();
    }
  } catch (error) {
    return { title: path, text: error instanceof Error ? error.message : String(error) };
  }
}

/** @param table our nftables table */
export const linuxFacts = (
  commands: CommandRunner,
  table: string,
  resolvConf: string = RESOLV_CONF,
): Promise<readonly SystemFact[]> =>
  Promise.all([
    ...COMMANDS.map((command) => asked(commands, command)),
    beginning(resolvConf),
    asked(commands, ['nft', 'list', 'table', 'inet', table]),
  ]);
