/** Chooses the implementation for this operating system. The only file that reads `process.platform`. */
import type { Log } from '../base/log.ts';
import { OsError } from './error.ts';
import { memoryHost } from './host.fake.ts';
import { linuxHostEnvironment } from './host.linux.ts';
import { openHost } from './host.ts';
import type { Host } from './port.ts';

export interface SelectHost {
  /** Where the change journal is kept. */
  readonly stateDir: string;
  readonly log: Log;
  /** True for a host in memory that changes nothing, on any system. */
  readonly fake?: boolean;
}

/** @throws OsError `not-supported` on a system whose host cannot be changed yet; `permission` for the state directory */
export async function selectHost(options: SelectHost): Promise<Host> {
  if (options.fake === true) return memoryHost();
  if (process.platform === 'linux') {
    return openHost({ stateDir: options.stateDir, log: options.log, environment: linuxHostEnvironment() });
  }
  throw new OsError('not-supported', `routes and name servers cannot be set on ${process.platform} yet`);
}
