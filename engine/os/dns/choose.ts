/** Decides how name servers are set on this host. Pure. */
import type { DnsMode, DnsWorld } from './port.ts';

export interface DnsChoice {
  readonly mode: DnsMode;
  /** One line for the log. */
  readonly reason: string;
}

/** systemd-resolved's stub listeners. */
const STUB = /^\s*nameserver\s+127\.0\.0\.5[34]\s*$/m;

/**
 * systemd-resolved when it runs and names go through it, else resolvconf when it keeps resolv.conf, else the file.
 *
 * Inside a namespace of its own the file wins, unless the resolver is seen to be there too: one that serves another
 * namespace would give our servers to whichever interface there has our index.
 */
export function chooseDnsMode(world: DnsWorld): DnsChoice {
  if (world.native !== undefined) return { mode: 'resolved', reason: world.native };
  const withUs = world.resolvedRuns && world.resolvedHere === true;
  if (world.ownNamespace && !withUs) return { mode: 'file', reason: 'in a network namespace of its own' };
  if (world.mounted) return { mode: 'file', reason: 'resolv.conf is mounted over' };
  const text = world.text ?? '';
  if (world.resolvedRuns) {
    if (world.resolvedHere === false)
      return afterResolved(world, 'systemd-resolved runs in another network namespace');
    if (!world.resolvectl)
      return afterResolved(world, 'systemd-resolved runs, but resolvectl is not installed');
    if (world.target.startsWith('/run/systemd/resolve/')) {
      return { mode: 'resolved', reason: 'systemd-resolved runs and keeps resolv.conf' };
    }
    if (STUB.test(text))
      return { mode: 'resolved', reason: 'systemd-resolved runs and resolv.conf names its stub' };
    if (world.nssResolve)
      return { mode: 'resolved', reason: 'systemd-resolved runs and nsswitch.conf asks it' };
    return afterResolved(world, 'systemd-resolved runs, but names do not go through it');
  }
  return afterResolved(world, 'systemd-resolved does not run');
}

function afterResolved(world: DnsWorld, so: string): DnsChoice {
  const text = world.text ?? '';
  switch (world.resolvconf) {
    case 'openresolv':
      // openresolv signs the file that it writes, and refuses to write over another.
      if (world.text === null || /^#.*\bresolvconf\b/m.test(text)) {
        return { mode: 'resolvconf', reason: `${so}; openresolv keeps resolv.conf` };
      }
      return { mode: 'file', reason: `${so}; openresolv is installed, but did not write resolv.conf` };
    case 'debian':
      if (/^\/(run|etc)\/resolvconf\//.test(world.target)) {
        return { mode: 'resolvconf', reason: `${so}; resolvconf keeps resolv.conf` };
      }
      return { mode: 'file', reason: `${so}; resolvconf is installed, but resolv.conf does not lead to it` };
    case 'resolvectl':
      return { mode: 'file', reason: `${so}; resolvconf is systemd's, which needs it` };
    case null:
      return { mode: 'file', reason: `${so}; no resolvconf` };
  }
}
