/** Resolves a gateway's name to all its addresses, both families, within a time limit. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { canonicalIp } from '../base/ip.ts';
import { OsError } from './error.ts';

export const NAME_LIMIT_MS = 10_000;

export type Lookup = (name: string) => Promise<readonly { readonly address: string }[]>;

/** The system's own look-up (hosts file, resolver), in the system's order. */
const systemLookup: Lookup = (name) => lookup(name, { all: true, verbatim: true });

/**
 * Canonical addresses without repeats, in the resolver's order. An address is its own answer.
 * @throws OsError `name-not-found` when there is none, or no answer within `limit` milliseconds
 */
export async function resolveName(
  name: string,
  limit: number = NAME_LIMIT_MS,
  look: Lookup = systemLookup,
): Promise<readonly string[]> {
  if (isIP(name) !== 0) return [canonicalIp(name) ?? name];
  const fail = (detail: string): OsError =>
    new OsError('name-not-found', `the name ${name} has no address`, detail);
  let timer: NodeJS.Timeout | undefined;
  try {
    const found = await Promise.race([
      look(name),
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(fail(`no answer within ${limit} ms`)), limit);
      }),
    ]);
    const addresses = new Set(found.map(({ address }) => canonicalIp(address) ?? address));
    if (addresses.size === 0) throw fail('an empty answer');
    return [...addresses];
  } catch (error) {
    if (error instanceof OsError) throw error;
    throw fail(error instanceof Error ? error.message : String(error));
  } finally {
    clearTimeout(timer);
  }
}
