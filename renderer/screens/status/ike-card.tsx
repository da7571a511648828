/** The IKE SA: who is at both ends, by which proof, over which path, and for how long. */
import { RefreshCw } from 'lucide-react';
import type { JSX } from 'react';
import type {
  EndpointSnapshot,
  IkeSnapshot,
  NatSnapshot,
  TunnelSnapshot,
} from '../../../engine/api/snapshot.ts';
import { useAction } from '../../bridge/action.ts';
import { bridge } from '../../bridge/bridge.ts';
import { type Text, useText } from '../../i18n/text.tsx';
import { useUnits } from '../../i18n/units.ts';
import { lifetimeOf } from '../../model/lifetime.ts';
import { TONES } from '../../model/tone.ts';
import { Button } from '../../parts/button.tsx';
import { StateChip } from '../../parts/chip.tsx';
import { Card, Fact, Facts, Technical } from '../../parts/layout.tsx';
import { FailureNote } from '../../parts/notes.tsx';
import { LifetimeBar } from './lifetime-bar.tsx';
import { Suite } from './suite.tsx';

const endpoint = ({ address, port }: EndpointSnapshot): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

/** With forced encapsulation our own NAT payload is made up, so what is in front of us cannot be told. */
function natText(text: Text, nat: NatSnapshot): string {
  const ours = text(nat.forced ? 'status.nat.forced' : nat.local ? 'status.nat.local' : 'status.nat.none');
  return nat.remote ? `${ours}; ${text('status.nat.remote')}` : ours;
}

export interface IkeCardProps {
  readonly tunnel: TunnelSnapshot;
  readonly ike: IkeSnapshot;
  readonly now: string;
}

export function IkeCard({ tunnel, ike, now }: IkeCardProps): JSX.Element {
  const text = useText();
  const units = useUnits();
  const rekey = useAction(() => bridge.call('tunnel.rekey', { name: tunnel.name, what: 'ike' }));
  const lifetime = lifetimeOf(ike, ike.establishedAt, now);
  return (
    <Card
      title={text('status.ike')}
      mark={<StateChip state={tunnel.state} />}
      actions={
        <Button icon={RefreshCw} busy={rekey.busy} disabled={!tunnel.usable} onClick={() => void rekey.run()}>
          {text('status.rekeyIke')}
        </Button>
      }
    >
      {rekey.failure && <FailureNote failure={rekey.failure} onClose={rekey.forget} />}
      {lifetime && (
        <LifetimeBar
          name={text('status.ike')}
          lifetime={lifetime}
          tone={TONES[tunnel.state]}
          rekeysDone={ike.rekeysDone}
        />
      )}
      <Facts>
        <Fact name={text('status.gateway')}>
          {ike.remoteId !== undefined && <Technical>{ike.remoteId}</Technical>}
          {ike.remote && <Technical>{endpoint(ike.remote)}</Technical>}
        </Fact>
        <Fact name={text('status.you')}>
          {ike.localId !== undefined && <Technical>{ike.localId}</Technical>}
          {ike.local && <Technical>{endpoint(ike.local)}</Technical>}
        </Fact>
        <Fact name={text('status.proof')}>
          {ike.localAuth !== undefined && (
            <span>
              {text('status.proof.you')} <Technical>{ike.localAuth}</Technical>
            </span>
          )}
          {ike.remoteAuth !== undefined && (
            <span>
              {text('status.proof.gateway')} <Technical>{ike.remoteAuth}</Technical>
            </span>
          )}
          {ike.ppk !== undefined && <span>{text(ike.ppk ? 'status.ppk.yes' : 'status.ppk.no')}</span>}
        </Fact>
        {ike.suite && (
          <Fact name={text('status.suite')}>
            <Suite suite={ike.suite} />
          </Fact>
        )}
        <Fact name={text('status.nat')}>{natText(text, ike.nat)}</Fact>
        <Fact name={text('status.spis')}>
          <Technical>{ike.spiInitiator}</Technical>
          <Technical>{ike.spiResponder}</Technical>
        </Fact>
        <Fact name={text('status.liveness')}>
          {ike.roundTripMs === undefined ? text('status.notMeasured') : units.milliseconds(ike.roundTripMs)}
          <span>{text('status.retransmits', { count: ike.retransmits })}</span>
        </Fact>
        <Fact name={text('status.fragmentation')}>
          {text(ike.fragmentation ? 'status.agreed' : 'status.notAgreed')}
        </Fact>
      </Facts>
    </Card>
  );
}
