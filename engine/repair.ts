/**
 * `culvert repair` and `culvert release` without an engine: for a rescue, for the boot, and for an uninstaller. Nothing
 * is done while an engine holds the state.
 */
import type { RepairMachine } from './cli/start.ts';
import { openLog } from './os/log.ts';
import { selectHost } from './os/select.ts';
import { lockState } from './state-lock.ts';

/** @throws ApiError when an engine holds the state; OsError of the host */
export const repairMachine: RepairMachine = async ({ state, release }) => {
  const lock = await lockState(state);
  try {
    const log = openLog({ level: 'error' });
    const host = await selectHost({ stateDir: state, log: log.log });
    try {
      const changes = [...(await host.recover())];
      if (release) changes.push(...(await host.release()));
      return changes.map((change) => change.description);
    } finally {
      await host.close();
      log.flush();
    }
  } finally {
    lock.close();
  }
};
