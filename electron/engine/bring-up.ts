/** Installs or starts the service, and waits for the engine of it to be there. */
import { localFailure } from '../../engine/api/failure.ts';
import type { Outcome } from '../bridge/contract.ts';
import type { EngineLink } from './link.ts';
import type { Service } from './service.ts';

/** A machine that has just been started may be slow. */
const PATIENCE_MS = 15_000;

export async function bringUp(
  service: Service,
  link: EngineLink,
  patienceMs: number = PATIENCE_MS,
): Promise<Outcome<boolean>> {
  const outcome = await service.carryOut();
  if (!outcome.ok) return outcome;
  const state = await link.settled(patienceMs);
  switch (state.kind) {
    case 'connected':
      return outcome;
    case 'refused':
      return { ok: false, failure: localFailure('NOT_PERMITTED', state.reason) };
    case 'connecting':
    case 'not-running':
      return {
        ok: false,
        failure: localFailure('ENGINE_NOT_RUNNING', 'the service was started, and no engine answers', [
          'Its log says why; on Linux: journalctl -u culvert',
        ]),
      };
  }
}
