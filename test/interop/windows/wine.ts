/**
 * Windows on a machine of the laboratory: Wine with a prefix of its own, whose server runs in the machine's namespace,
 * since the sockets are the server's. What a program prints goes to a file: node.exe under Wine cannot use our pipes.
 */
import type { ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { ended, must, until } from '../lab/command.ts';
import type { Host } from '../lab/host.ts';
import type { Lab } from '../lab/lab.ts';

export const WINE = '/usr/lib/wine/wine64';
const SERVER = '/usr/lib/wine/wineserver';
/** Wine's own IP helper, which the double forwards to. */
export const WINE_IPHLPAPI = '/usr/lib/x86_64-linux-gnu/wine/x86_64-windows/iphlpapi.dll';
export const COMPILER = 'x86_64-w64-mingw32-gcc';
export const DUMPER = 'x86_64-w64-mingw32-objdump';

/** Path of a file of ours as Windows programs know it. */
export const windowsPath = (path: string): string => `Z:${path.replaceAll('/', '\\')}`;

export interface Ran {
  readonly code: number;
  readonly text: string;
}

export class Wine {
  readonly #host: Host;
  readonly #folder: string;
  readonly #env: Record<string, string>;
  #runs = 0;

  private constructor(host: Host, folder: string, env: Record<string, string>) {
    this.#host = host;
    this.#folder = folder;
    this.#env = env;
  }

  /** A fresh Windows 10 that ends with the laboratory. */
  static async start(lab: Lab, host: Host, env: Readonly<Record<string, string>>): Promise<Wine> {
    const folder = join(lab.folder, 'wine');
    mkdirSync(folder);
    const wine = new Wine(host, folder, {
      WINEPREFIX: join(folder, 'prefix'),
      WINEDEBUG: '-all',
      // Neither .NET nor a browser is asked for; the IP helper beside a program comes before Wine's.
      WINEDLLOVERRIDES: 'mscoree,mshtml=;iphlpapi=n,b',
      ...env,
    });
    lab.onClose(() => wine.#end());
    const made = await wine.run(['wineboot', '-i'], 60_000);
    if (made.code !== 0) throw new Error(`wineboot: ${made.text}`);
    const version = await wine.run(['winecfg', '-v', 'win10']);
    if (version.code !== 0) throw new Error(`winecfg: ${version.text}`);
    return wine;
  }

  /** Starts a program that stays. */
  spawn(command: readonly string[], log: string): ChildProcess {
    return this.#host.spawn([WINE, ...command], { env: this.#env, log });
  }

  /** Runs a program to its end, with all that it prints. */
  async run(command: readonly string[], patience = 30_000): Promise<Ran> {
    const log = join(this.#folder, `run-${++this.#runs}.txt`);
    const child = this.spawn(command, log);
    const code = await until(
      `the end of ${command.join(' ')}`,
      () =>
        child.exitCode === null && child.signalCode === null ? undefined : { code: child.exitCode ?? 128 },
      { timeout: patience },
    ).catch((error: unknown) => {
      child.kill('SIGKILL');
      throw new Error(`${String(error)}\n${readFileSync(log, 'utf8')}`);
    });
    return { ...code, text: readFileSync(log, 'utf8') };
  }

  async #end(): Promise<void> {
    const server = this.#host.spawn([SERVER, '-k'], { env: this.#env });
    await ended(server, 5_000);
  }
}

/** Makes the folder of the engine as it is installed: the Node of `runtime`, the bundle, koffi, and our two doubles. */
export async function makeEngineFolder(
  folder: string,
  { runtime, bundle, modules, doubles }: Record<'runtime' | 'bundle' | 'modules' | 'doubles', string>,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  cpSync(join(runtime, 'node.exe'), join(folder, 'node.exe'));
  cpSync(join(runtime, 'node_modules'), join(folder, 'node_modules'), { recursive: true });
  cpSync(join(modules, 'koffi'), join(folder, 'node_modules', 'koffi'), {
    recursive: true,
    dereference: true,
  });
  cpSync(bundle, folder, { recursive: true, filter: (path) => path === bundle || path.endsWith('.mjs') });
  if (!existsSync(join(folder, 'culvert.mjs'))) throw new Error(`there is no culvert.mjs in ${bundle}`);
  cpSync(WINE_IPHLPAPI, join(folder, 'real.dll'));
  const compile = (out: string, sources: readonly string[], libraries: readonly string[]): Promise<string> =>
    must(COMPILER, [
      '-O1',
      '-Wall',
      '-Werror',
      '-shared',
      '-D_WIN32_WINNT=0x0A00',
      ...sources,
      '-o',
      join(folder, out),
      ...libraries,
    ]);
  const definition = join(folder, 'iphlpapi.def');
  writeFileSync(definition, await forwards(join(doubles, 'iphlpapi.c')));
  await Promise.all([
    compile('wintun.dll', [join(doubles, 'wintun.c')], ['-lws2_32', '-liphlpapi']),
    compile('iphlpapi.dll', [join(doubles, 'iphlpapi.c'), definition], ['-lws2_32']),
  ]);
}

/** Makes a program of a source of ours, for the Node of that folder. Gives back its path. */
export async function makeProgram(folder: string, source: string): Promise<string> {
  const path = join(folder, `${basename(source, '.ts')}.mjs`);
  await build({
    entryPoints: [source],
    outfile: path,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external: ['koffi'],
    logLevel: 'warning',
  });
  return path;
}

/** A module definition: what the double has itself, and the rest of Wine's exports as forwards to it. */
async function forwards(source: string): Promise<string> {
  const own = [...readFileSync(source, 'utf8').matchAll(/^EXPORT \w+ WINAPI (\w+)/gm)].map(
    ([, name]) => name,
  );
  const listed = await must(DUMPER, ['-p', WINE_IPHLPAPI]);
  const [, names = ''] = listed.split('[Ordinal/Name Pointer] Table');
  const exported = [...names.matchAll(/^\s*\[\s*\d+\] (\w+)/gm)].map(([, name]) => name as string);
  if (own.length < 10 || exported.length < 100)
    throw new Error('the exports of the IP helper were not understood');
  const others = exported.filter((name) => !own.includes(name)).map((name) => `${name} = real.${name}`);
  return ['LIBRARY iphlpapi.dll', 'EXPORTS', ...own, ...others, ''].join('\n');
}
