/**
 * May this file be run with an administrator's rights? Only when nobody else could have put other words into it: the
 * file, each folder above it, and each link on the way must be root's, and nobody else may write there. Asked before
 * the user is asked for a password.
 */
import { lstat, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { factsOf, type OwnerVerdict, type PathFacts, problemOf } from './owner.ts';

const TYPE = 0o170000;
const LINK = 0o120000;

/** `chain`: the file first, then what is above it up to the root; links as links. */
export function judgeProgram(chain: readonly PathFacts[]): OwnerVerdict {
  if (chain.length === 0) return { kind: 'absent' };
  for (const facts of chain) {
    // The mode of a link says nothing; who may replace it is up to the folder that it is in.
    const isLink = (facts.mode & TYPE) === LINK;
    const reason = problemOf(isLink ? { ...facts, mode: LINK } : facts, (uid) => uid === 0);
    if (reason !== undefined) return { kind: 'refused', reason };
  }
  return { kind: 'trusted' };
}

async function chainOf(path: string): Promise<PathFacts[]> {
  const chain = [await factsOf(path)];
  for (let at = path; at !== dirname(at); at = dirname(at)) chain.push(await factsOf(dirname(at)));
  return chain;
}

/** An absolute path: as it is written, link by link, and as it is in the end. */
export async function checkProgram(path: string): Promise<OwnerVerdict> {
  try {
    const real = await realpath(path);
    if (!(await lstat(real)).isFile()) return { kind: 'refused', reason: `${path} is not a file` };
    const written = judgeProgram(await chainOf(path));
    return written.kind !== 'trusted' || real === path ? written : judgeProgram(await chainOf(real));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent' };
    return { kind: 'refused', reason: `${path} cannot be checked (${code})` };
  }
}
