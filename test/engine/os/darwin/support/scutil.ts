/** scutil(8) and sysctl(8) as far as the engine uses them: a dynamic store in memory, in scutil's own words. */
import type { CommandResult, CommandRunner } from '../../../../../engine/os/command.ts';

export interface FakeScutil extends CommandRunner {
  readonly store: Map<string, ReadonlyMap<string, readonly string[]>>;
}

/** Words of a line, where `"` may hold an empty one. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((m) => m[1] ?? m[2] ?? '');

export function fakeScutil(): FakeScutil {
  const store: FakeScutil['store'] = new Map();
  const ended = (stdout: string): CommandResult => ({ status: 0, stdout, stderr: '' });
  const scutil = (input: string): string => {
    let dictionary = new Map<string, readonly string[]>();
    let out = '';
    for (const line of input.split('\n')) {
      const [command, key = '', ...values] = wordsOf(line);
      if (command === 'd.init') dictionary = new Map();
      else if (command === 'd.add') dictionary.set(key, values.slice(1));
      else if (command === 'set') store.set(key, dictionary);
      else if (command === 'remove') out += store.delete(key) ? '' : '  No such key\n';
      else if (command === 'show') out += shown(store.get(key));
      else if (command !== undefined && command !== 'quit') throw new Error(`scutil: ${line}`);
    }
    return out;
  };
  return {
    store,
    find: (name) => `/usr/sbin/${name}`,
    run: async (name, args, options) => {
      if (name === 'scutil' && args.length === 0) return ended(scutil(options?.input ?? ''));
      if (name === 'sysctl') return ended('3B1F7D5E-0000-4000-8000-000000000001\n');
      throw new Error(`${name} ${args.join(' ')}`);
    },
  };
}

function shown(dictionary: ReadonlyMap<string, readonly string[]> | undefined): string {
  if (!dictionary) return '  No such key\n';
  const entries = [...dictionary].map(([key, values]) => {
    const items = values.map((value, i) => `    ${i} : ${value}\n`).join('');
    return `  ${key} : <array> {\n${items}  }\n`;
  });
  return `<dictionary> {\n${entries.join('')}}\n`;
}
