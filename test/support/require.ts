/**
 * What a test needs of the machine: root, commands, device nodes, kernel abilities.
 *
 * Where something is missing the test is skipped with one loud line that names it; with
 * `CULVERT_REQUIRE_INTEROP=1` (as CI sets) the same is a failure, so that nothing is skipped unseen.
 *
 *     test('routes', async (t) => {
 *       if (!requireOrSkip(t, { root: true, commands: ['ip', 'nft'] })) return;
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';

export interface Requirements {
  /** The test must run as root. */
  readonly root?: boolean;
  /** Commands that must be found: bare names along PATH and the system folders, or absolute paths. */
  readonly commands?: readonly string[];
  /** Files or devices that must exist, such as `/dev/net/tun`. */
  readonly files?: readonly string[];
  /** Network namespaces can really be made (root inside an unprivileged container often cannot). */
  readonly namespaces?: boolean;
}

const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Absolute path of a command, along PATH and then the system folders, or undefined. */
export function findCommand(name: string): string | undefined {
  if (name.includes('/')) return isExecutable(name) ? name : undefined;
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter((f) => f !== ''), ...SYSTEM_FOLDERS];
  for (const folder of folders) {
    const path = join(folder, name);
    if (isExecutable(path)) return path;
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

let namespacesWork: boolean | undefined;

function canMakeNamespaces(): boolean {
  if (namespacesWork === undefined) {
    const unshare = findCommand('unshare');
    namespacesWork =
      unshare !== undefined &&
      spawnSync(unshare, ['--net', '--mount', 'true'], { stdio: 'ignore' }).status === 0;
  }
  return namespacesWork;
}

/** What of `needs` this machine lacks, in words; empty when the test can run. */
export function missing(needs: Requirements): string[] {
  const lacks: string[] = [];
  if (needs.root === true && process.getuid?.() !== 0) lacks.push('root');
  for (const name of needs.commands ?? []) {
    if (findCommand(name) === undefined) lacks.push(`the command ${name}`);
  }
  for (const path of needs.files ?? []) {
    if (!existsSync(path)) lacks.push(path);
  }
  if (needs.namespaces === true && !canMakeNamespaces()) lacks.push('network namespaces');
  return lacks;
}

/**
 * True when the test can run here. Otherwise prints one line, marks the test as skipped and returns false, or
 * throws when `CULVERT_REQUIRE_INTEROP=1`.
 */
export function requireOrSkip(t: TestContext, needs: Requirements): boolean {
  const lacks = missing(needs);
  if (lacks.length === 0) return true;
  const what = lacks.join(', ');
  if (process.env.CULVERT_REQUIRE_INTEROP === '1') {
    throw new Error(`${t.name}: needs ${what}, and CULVERT_REQUIRE_INTEROP=1 forbids skipping`);
  }
  console.error(`SKIPPED: ${t.name} needs ${what}`);
  t.skip(`needs ${what}`);
  return false;
}
