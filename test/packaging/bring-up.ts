/**
 * The desktop shell's own way from "no engine" to a connected one, without its windows: says how the service stands,
 * does what is offered, and what came of it. For `installed.sh`, which runs it where the package is installed.
 */
import { bringUp } from '../../electron/engine/bring-up.ts';
import { checkEngineOwner } from '../../electron/engine/check-owner.ts';
import { EngineLink } from '../../electron/engine/link.ts';
import { engineLocation } from '../../electron/engine/location.ts';
import { systemService } from '../../electron/engine/service.ts';

const location = engineLocation({ platform: 'linux', env: {}, uid: 0, isPackaged: true });
const service = systemService('linux', {});
const link = new EngineLink({
  socket: location.socket,
  checkOwner: () => checkEngineOwner('linux', location),
  standing: service.standing,
  onState: () => undefined,
  onSnapshot: () => undefined,
  onLog: () => undefined,
});
const { kind, offer } = await service.standing();
const outcome = await bringUp(service, link);
const came = outcome.ok ? 'done' : `${outcome.failure.code}: ${outcome.failure.message}`;
process.stdout.write(`${kind} ${offer} ${link.state.kind} ${came}\n`);
link.stop();
