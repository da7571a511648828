/**
 * The kill switch on Windows, where the Windows Filtering Platform would enforce it. Not there yet: a profile that asks
 * for it is refused instead of being connected without it.
 */
import { OsError } from '../error.ts';
import type { FirewallPort } from './port.ts';

export const windowsFirewall: FirewallPort = {
  enforce: () =>
    Promise.reject(new OsError('not-supported', 'there is no kill switch on Windows yet', 'killSwitch')),
  remove: () => Promise.resolve(),
};
