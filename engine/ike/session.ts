/**
 * The session: one IKE SA and its CHILD_SAs across rekeys of both (RFC 7296), as a pure function of its inputs.
 * `handle` takes one input and gives the effects in the order in which they are to be carried out.
 */
import { assertNever } from '../base/assert-never.ts';
import type { IkeSpi, Instant } from '../base/brand.ts';
import { ZERO_IKE_SPI } from '../base/brand.ts';
import { wipe } from '../base/bytes.ts';
import { childView } from './child.ts';
import { activate, isSucceeded } from './children.ts';
import type { Command, Effect, IkeConfig, IkeContext, IkeView, Input, Session } from './contract.ts';
import { Core } from './core.ts';
import { childCreate } from './exchanges/child-create.ts';
import { ChildRekey, rehearsal } from './exchanges/child-rekey.ts';
import { childDelete } from './exchanges/delete.ts';
import { IkeRekey } from './exchanges/ike-rekey.ts';
import { liveness } from './exchanges/liveness.ts';
import { movePath } from './exchanges/mobike.ts';
import { redirectPeer } from './exchanges/redirect.ts';
import { firstGroup, SaInit } from './exchanges/sa-init.ts';
import { begin, beginClose, endNow, pump, retire } from './lifecycle.ts';
import { failure } from './parts/failures.ts';
import { receive } from './receive.ts';
import { deadlineCame } from './timeouts.ts';

export function createSession(config: IkeConfig, context: IkeContext): Session {
  return new IkeSession(config, context);
}

class IkeSession implements Session {
  readonly #core: Core;

  constructor(config: IkeConfig, context: IkeContext) {
    this.#core = new Core(config, context);
  }

  handle(now: Instant, input: Input): readonly Effect[] {
    const core = this.#core;
    if (core.closed) {
      forget(input);
      return [];
    }
    core.now = now;
    core.effects = [];
    this.#take(input);
    pump(core);
    return core.effects;
  }

  nextDeadline(): Instant | undefined {
    return this.#core.closed ? undefined : this.#core.deadlines.next();
  }

  ownSpis(): readonly IkeSpi[] {
    return this.#core.sas.map((sa) => sa.ownSpi);
  }

  #take(input: Input): void {
    const core = this.#core;
    switch (input.kind) {
      case 'start':
        start(core, input);
        return;
      case 'path-changed':
        if (core.config.role === 'initiator') movePath(core, input.path, input.addresses);
        return;
      case 'datagram':
        receive(core, input.bytes, input.path, input.encapsulated);
        return;
      case 'deadline':
        deadlineCame(core, input.lastInbound);
        return;
      case 'command':
        obey(core, input.command);
        return;
      case 'signature':
      case 'peer-verdict':
      case 'answer':
      case 'tls': {
        const { question } = core;
        if (question?.request !== input.request || question.kind !== ASKED_BY[input.kind]) {
          forget(input);
          return;
        }
        core.question = undefined;
        question.answered(input.result as never);
        return;
      }
      case 'traffic':
        traffic(core, input.event, input.id);
        return;
      default:
        assertNever(input);
    }
  }

  view(): IkeView {
    const core = this.#core;
    const sa = core.current;
    return {
      role: core.config.role,
      state: core.state,
      spiInitiator: sa?.spiInitiator ?? ZERO_IKE_SPI,
      spiResponder: sa?.spiResponder ?? ZERO_IKE_SPI,
      localId: core.config.localId,
      remoteId: core.remoteId,
      localAuthMethod: core.localAuthMethod,
      remoteAuthMethod: core.remoteAuthMethod,
      eapMethod: core.eapMethod,
      initialContact: core.initialContact,
      suite: sa?.crypt && {
        cipher: sa.crypt.suite,
        prf: sa.crypt.prf,
        keMethod: sa.crypt.keMethod,
        additional: sa.crypt.additional,
      },
      ppk: core.config.ppk && core.establishedAt !== undefined ? core.ppkInUse : undefined,
      path: core.path,
      mobike: core.mobike,
      peerAddresses: core.peerAddresses,
      reauthAt: core.reauthAt,
      authExpiresAt: core.authExpiresAt,
      heardAt: core.lastHeard,
      nat: core.nat,
      fragmentation: core.fragmentation,
      establishedAt: core.establishedAt,
      rekeyAt: core.rekeyAt,
      expiresAt: core.expiresAt,
      generation: sa?.generation ?? 0,
      roundTrip: core.roundTrip,
      retransmits: core.retransmits,
      children: [...core.children.values()].map(childView),
    };
  }
}

const ASKED_BY = { signature: 'sign', 'peer-verdict': 'verify-peer', answer: 'ask', tls: 'tls' } as const;

/** Wipes the secrets of an answer that nobody waits for. */
function forget(input: Input): void {
  if (input.kind === 'answer' && input.result.ok) input.result.secret.wipe();
  if (input.kind === 'tls' && input.result.ok) wipe(...(input.result.established?.exported ?? []));
}

function start(core: Core, input: Extract<Input, { kind: 'start' }>): void {
  if (core.config.role !== 'initiator' || core.state !== 'CREATED') return;
  core.path = input.path;
  core.ownAddresses = input.addresses ?? [];
  core.encapsulated = input.path.remote.port !== 500;
  core.setState('CONNECTING');
  const group = firstGroup(core);
  if (group === 0) {
    const text = 'none of the configured proposals has a key exchange that works here';
    endNow(core, failure('NO_PROPOSAL_CHOSEN', 'local', text, true));
    return;
  }
  const sa = core.addSa(true, core.freshIkeSpi(), ZERO_IKE_SPI, 0);
  core.current = sa;
  begin(core, sa, new SaInit(core, group));
}

function obey(core: Core, command: Command): void {
  switch (command.kind) {
    case 'close':
      beginClose(core, undefined);
      return;
    case 'retire':
      retire(core);
      return;
    case 'rekey-ike':
      core.enqueue(new IkeRekey('asked for'));
      return;
    case 'rekey-child':
      core.enqueue(command.rehearsal ? rehearsal(command.id) : new ChildRekey(command.id, 'asked for'));
      return;
    case 'delete-child':
      core.enqueue(childDelete(command.id, command.unused ? 'unused' : 'deleted', false));
      return;
    case 'create-child':
      core.enqueue(childCreate(command.config));
      return;
    case 'redirect':
      if (core.config.role === 'responder' && core.peerFollows) core.enqueue(redirectPeer(command.target));
      return;
    case 'probe':
      core.enqueue(liveness());
      return;
    default:
      assertNever(command);
  }
}

function traffic(core: Core, event: Extract<Input, { kind: 'traffic' }>['event'], id: number): void {
  const child = core.children.get(id);
  if (!child) return;
  if (event === 'first-inbound') {
    if (!child.redundant) activate(core, child);
  } else if (event === 'soft-limit') core.enqueue(new ChildRekey(id, 'its volume is nearly used up'));
  else core.enqueue(childDelete(id, 'expired', !isSucceeded(core, child) && !child.redundant));
}
