/** Calls that take their time: whether one is under way, and why the last one failed. */
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Outcome } from '../../electron/bridge/contract.ts';
import type { Failure } from '../../engine/base/failure.ts';

export interface Action<A extends readonly unknown[], T> {
  /** Resolves with the value, or `undefined` after a failure or `forget`. */
  run(...args: A): Promise<T | undefined>;
  readonly busy: boolean;
  readonly failure: Failure | undefined;
  /** Stops waiting for a call under way, and hides a failure. */
  forget(): void;
}

interface Progress {
  readonly busy: boolean;
  readonly failure: Failure | undefined;
}

const IDLE: Progress = { busy: false, failure: undefined };

const brokenBridge = (error: unknown): Failure => ({
  code: 'INTERNAL_ERROR',
  phase: 'local',
  message: error instanceof Error ? error.message : String(error),
  authenticated: false,
});

export function useAction<A extends readonly unknown[], T>(
  work: (...args: A) => Promise<Outcome<T>>,
): Action<A, T> {
  const [progress, setProgress] = useState<Progress>(IDLE);
  const latest = useRef(work);
  const turn = useRef(0);
  useEffect(() => {
    latest.current = work;
  });
  useEffect(
    () => () => {
      turn.current = -1;
    },
    [],
  );
  const run = useCallback(async (...args: A): Promise<T | undefined> => {
    const mine = ++turn.current;
    setProgress({ busy: true, failure: undefined });
    let outcome: Outcome<T>;
    try {
      outcome = await latest.current(...args);
    } catch (error) {
      outcome = { ok: false, failure: brokenBridge(error) };
    }
    if (mine !== turn.current) return undefined;
    setProgress({ busy: false, failure: outcome.ok ? undefined : outcome.failure });
    return outcome.ok ? outcome.value : undefined;
  }, []);
  const forget = useCallback(() => {
    turn.current++;
    setProgress(IDLE);
  }, []);
  return { run, ...progress, forget };
}
