/** The engine's service as the shell handles it: how it stands, and doing what the user is offered. */
import { execFile } from 'node:child_process';
import { localFailure } from '../../engine/api/failure.ts';
import type { Outcome } from '../bridge/contract.ts';
import type { Platform } from '../platform.ts';
import {
  type Command,
  type Ended,
  type Env,
  installCommand,
  outcomeOf,
  serviceNames,
  startCommand,
} from './service-command.ts';
import { serviceFacts } from './service-facts.ts';
import { type ServiceFacts, type Standing, standingOf } from './standing.ts';

export interface Service {
  standing(): Promise<Standing>;
  /** Does what the standing offers: it is looked at anew, whatever a window has shown. */
  carryOut(): Promise<Outcome<boolean>>;
}

/** What is done to the machine; tests hand in their own. */
export interface ServiceEffects {
  facts(): Promise<ServiceFacts>;
  run(command: Command): Promise<Ended>;
}

/** Long enough for a person to find the password. */
const PATIENCE_MS = 180_000;

const run = ({ file, args }: Command): Promise<Ended> =>
  new Promise((resolve) => {
    const options = { timeout: PATIENCE_MS, windowsHide: true, env: { ...process.env, LC_ALL: 'C.UTF-8' } };
    execFile(file, [...args], options, (error, _out, stderr) => {
      if (!error) resolve({ code: 0, stderr });
      else if (typeof error.code === 'number') resolve({ code: error.code, stderr });
      // ENOENT and its like have no words of the program.
      else resolve({ code: undefined, stderr: stderr || (error.killed ? '' : error.message) });
    });
  });

export function systemService(
  platform: Platform,
  env: Env,
  effects: ServiceEffects = { facts: () => serviceFacts(platform, env), run },
): Service {
  const names = serviceNames(platform, env);
  const standing = async (): Promise<Standing> => standingOf(await effects.facts(), names);
  return {
    standing,
    async carryOut() {
      const { offer, words, advice } = await standing();
      switch (offer) {
        case 'none': {
          const why = words ?? 'the service of Culvert is not installed here';
          return { ok: false, failure: localFailure('NOT_SUPPORTED', why, advice) };
        }
        case 'start':
          return outcomeOf(platform, 'start', await effects.run(startCommand(platform, env)));
        case 'enable':
        case 'install':
          return outcomeOf(platform, 'install', await effects.run(installCommand(platform, env)));
      }
    },
  };
}
