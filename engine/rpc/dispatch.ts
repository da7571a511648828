/** One method of the API each: the call on the engine behind it. Parameters are checked before they get here. */
import type { Method, Params, ResultOf } from '../api/commands.ts';
import type { EngineApi } from '../api/engine.ts';
import { ApiError, localFailure } from '../api/failure.ts';

/** Subscriptions belong to a connection, not to the engine. */
export interface Subscriptions {
  watchSnapshot(): number;
  followLog(after: number): number;
  end(watch: number): boolean;
}

type Handler<M extends Method> = (
  engine: EngineApi,
  params: Params<M>,
  subscriptions: Subscriptions,
) => ResultOf<M> | Promise<ResultOf<M>>;

const TAIL = 100;

const stop = (subscriptions: Subscriptions, watch: number): Record<string, never> => {
  if (!subscriptions.end(watch)) throw new ApiError(localFailure('NOT_FOUND', `there is no watch ${watch}`));
  return {};
};

export const HANDLERS: { readonly [M in Method]: Handler<M> } = {
  'engine.info': (engine) => engine.info(),
  'snapshot.get': (engine) => engine.snapshot(),
  'snapshot.watch': (_engine, _params, subscriptions) => ({ watch: subscriptions.watchSnapshot() }),
  'snapshot.unwatch': (_engine, { watch }, subscriptions) => stop(subscriptions, watch),
  'tunnel.up': (engine, params) => engine.up(params),
  'tunnel.down': (engine, params) => engine.down(params),
  'tunnel.rekey': async (engine, params) => {
    await engine.rekey(params);
    return {};
  },
  'tunnel.reauthenticate': async (engine, { name }) => {
    await engine.reauthenticate(name);
    return {};
  },
  'tunnel.negotiation': (engine, params) => engine.negotiation(params),
  'tunnel.answer': async (engine, params) => {
    await engine.answer(params);
    return {};
  },
  'profiles.add': (engine, params) => engine.addProfile(params),
  'profiles.list': async (engine) => ({ profiles: await engine.listProfiles() }),
  'profiles.get': (engine, { name }) => engine.getProfile(name),
  'profiles.remove': async (engine, { name }) => {
    await engine.removeProfile(name);
    return {};
  },
  'profiles.export': (engine, params) => engine.imports.export(params),
  'import.open': (engine, params) => engine.imports.open(params),
  'import.unlock': (engine, params) => engine.imports.unlock(params),
  'import.store': (engine, params) => engine.imports.store(params),
  'import.discard': (engine, { draft }) => {
    engine.imports.discard(draft);
    return {};
  },
  'profiles.doctor': (engine, params) => engine.doctor(params),
  'diagnose.bundle': (engine, params) => engine.diagnose(params),
  'log.tail': (engine, { lines = TAIL, after }) => ({ lines: engine.logTail(lines, after) }),
  'log.follow': (engine, { lines = TAIL, after }, subscriptions) => {
    const tail = engine.logTail(lines, after);
    // The newest line of all, also when the answer leaves it out, is where the notifications go on.
    const newest = engine.logTail(1)[0]?.sequence ?? -1;
    return { lines: tail, watch: subscriptions.followLog(newest) };
  },
  'log.unfollow': (_engine, { watch }, subscriptions) => stop(subscriptions, watch),
  'host.release': async (engine) => ({ changes: await engine.release() }),
  'host.repair': async (engine) => ({ changes: await engine.repair() }),
};
