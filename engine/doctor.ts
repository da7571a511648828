/** The certificate doctor of this engine: reads the profile, gathers facts, and lets the table of checks judge them. */
import { ApiError } from './api/failure.ts';
import { compilePlan, type Online } from './compile.ts';
import { type DoctorPorts, gather, type Question } from './doctor/gather.ts';
import { examine, unreadable } from './doctor/report.ts';
import type { SessionFactory } from './ike/contract.ts';
import { forgetSecrets } from './profile/authentication.ts';
import { type Profile, problemText } from './profile/profile.ts';
import { readProfile } from './profile/validate.ts';
import type { Doctor } from './tunnel/engine.ts';
import type { World } from './tunnel/ports.ts';
import { probe } from './tunnel/probe.ts';

export interface DoctorParts {
  readonly world: World;
  readonly createSession: SessionFactory;
  readonly fetchAnswer: DoctorPorts['fetchAnswer'];
  /** As for tunnels. */
  readonly online?: Online;
}

export function createDoctor(parts: DoctorParts): Doctor {
  const { world, fetchAnswer } = parts;
  const { scheduler } = world;
  const ports: DoctorPorts = {
    now: () => scheduler.wallClock(),
    fetchAnswer,
    pathMtu: (address) => world.pathMtu(address),
  };
  return async (document, { name, online = false, connect = false }, connected) => {
    const time = scheduler.isoTime(scheduler.wallClock());
    const read = readProfile(document);
    if (!read.ok) return { name, time, checks: [unreadable(read.error.map(problemText))] };
    const { profile, warnings } = read.value;
    try {
      const attempt = prepare(parts, profile);
      const question: Question = {
        profile,
        warnings: warnings.map(problemText),
        problem: attempt.problem,
        online,
        ...gatewayQuestion(attempt, connect, connected),
      };
      return { name, time, checks: examine(await gather(question, ports)) };
    } finally {
      forgetSecrets(profile);
    }
  };
}

interface Attempt {
  readonly problem?: string;
  /** Why no attempt can be made without the user. */
  readonly locked?: string;
  readonly probe?: NonNullable<Question['probe']>;
}

function prepare({ world, createSession, online }: DoctorParts, profile: Profile): Attempt {
  try {
    const { plan, credentials, missing } = compilePlan(
      profile,
      () => world.scheduler.wallClock(),
      (text) => world.log.warn(text),
      online,
    );
    if (missing?.kind === 'passphrase')
      return {
        locked:
          'The gateway was not asked, for the private key is encrypted and its passphrase is not stored.',
      };
    return { probe: () => probe({ plan, credentials, world, createSession }) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { problem: error.message };
  }
}

function gatewayQuestion(
  { probe, locked }: Attempt,
  connect: boolean,
  connected: boolean,
): Pick<Question, 'probe' | 'notAsked'> {
  const notAsked = (why: string, ...advice: readonly string[]): Pick<Question, 'notAsked'> => ({
    notAsked: { kind: 'not-asked', why, advice },
  });
  if (!connect)
    return notAsked(
      'The gateway was not asked.',
      'Check with --connect: nothing on this machine is changed.',
    );
  if (connected)
    return notAsked(
      'The tunnel is up, and a second connection could make the gateway end it.',
      'Take the tunnel down first; or see in its status what was negotiated.',
    );
  if (locked !== undefined) return notAsked(locked, 'Connect: the passphrase is asked for then.');
  return probe ? { probe } : notAsked('The gateway was not asked, for the profile cannot be used.');
}
