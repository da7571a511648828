/** How the engine's service stands on this machine while no engine answers, and what the user is offered to do. */
import type { Offer } from '../bridge/contract.ts';
import type { OwnerVerdict } from './owner.ts';

export interface ServiceFacts {
  /** The system has the service manager that the packages are made for. */
  readonly manager: boolean;
  /** The unit, job or task. `unknown`: the system does not tell an ordinary user. */
  readonly definition: 'enabled' | 'disabled' | 'masked' | 'missing' | 'unknown';
  /** What the package has put in place, which is run to install the service. */
  readonly programs: OwnerVerdict;
  /** There is a way to ask the user for the right. */
  readonly canAsk: boolean;
}

export type StandingKind =
  /** There is no package. */
  | 'absent'
  /** The package is there, and its service is not. */
  | 'installable'
  /** An administrator has switched the service off. */
  | 'disabled'
  /** The same, in a way that is meant to last. */
  | 'masked'
  | 'startable'
  /** Others could have changed what would be run as root. */
  | 'untrusted'
  /** The service could be installed, and this user cannot be asked. */
  | 'unaskable'
  /** Another service manager, or none. */
  | 'unmanaged';

export interface Standing {
  readonly kind: StandingKind;
  readonly offer: Offer;
  /** What is wrong, for a person; left out where "the engine is not running" says all. */
  readonly words?: string;
  /** What to do where nothing is offered. */
  readonly advice: readonly string[];
}

/** Paths and names of the system that it is about. */
export interface ServiceNames {
  readonly service: string;
  /** What makes the engine a service: run with an administrator's rights. */
  readonly script: string;
}

const INSTALL_PACKAGE = 'Install the package of Culvert for this system.';

export function standingOf(facts: ServiceFacts, { service, script }: ServiceNames): Standing {
  const { manager, definition, programs, canAsk } = facts;
  if (!manager)
    return {
      kind: 'unmanaged',
      offer: 'none',
      words: 'this system does not run systemd, which keeps the service of Culvert',
      advice: ['Run the engine by hand: sudo culvert engine --group culvert'],
    };
  if (definition === 'enabled') return { kind: 'startable', offer: 'start', advice: [] };
  if (definition === 'masked')
    return {
      kind: 'masked',
      offer: 'none',
      words: `an administrator of this machine has masked ${service}, so that it does not start`,
      advice: [`To undo it: sudo systemctl unmask ${service} && sudo systemctl enable --now ${service}`],
    };
  if (programs.kind === 'absent')
    return {
      kind: 'absent',
      offer: 'none',
      words: 'the service of Culvert is not installed here',
      advice: [INSTALL_PACKAGE, 'From a checkout: sudo npm run -s culvert -- engine'],
    };
  if (programs.kind === 'refused')
    return {
      kind: 'untrusted',
      offer: 'none',
      words: `the service of Culvert is not installed from files that others may change: ${programs.reason}`,
      advice: [INSTALL_PACKAGE],
    };
  const words =
    definition === 'disabled'
      ? `${service} is switched off on this machine`
      : 'the service of Culvert is not installed';
  if (!canAsk) return { kind: 'unaskable', offer: 'none', words, advice: [`To set it up: sudo ${script}`] };
  return definition === 'disabled'
    ? { kind: 'disabled', offer: 'enable', words, advice: [] }
    : { kind: 'installable', offer: 'install', words, advice: [] };
}
