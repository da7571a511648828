/**
 * The kill switch on macOS, where an anchor of pf would enforce it. Not there yet: a profile that asks for it is
 * refused instead of being connected without it.
 */
import { OsError } from '../error.ts';
import type { FirewallPort } from './port.ts';

export const darwinFirewall: FirewallPort = {
  enforce: () =>
    Promise.reject(new OsError('not-supported', 'there is no kill switch on macOS yet', 'killSwitch')),
  remove: () => Promise.resolve(),
};
