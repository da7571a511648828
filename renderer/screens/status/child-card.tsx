/** One CHILD_SA: which networks, which algorithms, how much went through, for how long. */
import { RefreshCw } from 'lucide-react';
import type { JSX } from 'react';
import type { ChildSnapshot } from '../../../engine/api/snapshot.ts';
import { useAction } from '../../bridge/action.ts';
import { bridge } from '../../bridge/bridge.ts';
import { useText } from '../../i18n/text.tsx';
import { useUnits } from '../../i18n/units.ts';
import { lifetimeOf } from '../../model/lifetime.ts';
import type { Tone } from '../../model/tone.ts';
import { Button } from '../../parts/button.tsx';
import { Chip } from '../../parts/chip.tsx';
import { Card, Fact, Facts, Technical } from '../../parts/layout.tsx';
import { FailureNote } from '../../parts/notes.tsx';
import { LifetimeBar } from './lifetime-bar.tsx';
import { Suite } from './suite.tsx';

const TONES: Readonly<Record<ChildSnapshot['state'], Tone>> = {
  INSTALLED: 'green',
  REKEYING: 'orange',
  REKEYED: 'green',
  DELETING: 'red',
};

export interface ChildCardProps {
  readonly tunnel: string;
  readonly child: ChildSnapshot;
  readonly now: string;
}

export function ChildCard({ tunnel, child, now }: ChildCardProps): JSX.Element {
  const text = useText();
  const units = useUnits();
  const rekey = useAction(() =>
    bridge.call('tunnel.rekey', { name: tunnel, what: 'child', child: child.name }),
  );
  const lifetime = lifetimeOf(child, child.installedAt, now);
  const title = text('status.child', { name: child.name });
  return (
    <Card
      title={title}
      mark={
        <Chip tone={TONES[child.state]}>
          <span dir="ltr">{child.state}</span>
        </Chip>
      }
      actions={
        <Button
          icon={RefreshCw}
          busy={rekey.busy}
          disabled={child.state !== 'INSTALLED'}
          onClick={() => void rekey.run()}
        >
          {text('status.rekeyChild')}
        </Button>
      }
    >
      {rekey.failure && <FailureNote failure={rekey.failure} onClose={rekey.forget} />}
      {lifetime && (
        <LifetimeBar
          name={title}
          lifetime={lifetime}
          tone={TONES[child.state]}
          rekeysDone={child.rekeysDone}
        />
      )}
      <Facts>
        <Fact name={text('status.localNets')}>
          {child.local.map((selector) => (
            <Technical key={selector}>{selector}</Technical>
          ))}
        </Fact>
        <Fact name={text(child.narrowed ? 'status.remoteNetsNarrowed' : 'status.remoteNets')}>
          {child.remote.map((selector) => (
            <Technical key={selector}>{selector}</Technical>
          ))}
        </Fact>
        <Fact name={text('status.suite')}>
          <Suite suite={child.suite} />
        </Fact>
        <Fact name={text('status.pfs')}>
          {child.pfs === undefined ? text('status.pfs.no') : <Technical>{child.pfs}</Technical>}
          {child.esn && <span>{text('status.esn')}</span>}
        </Fact>
        <Fact name={text('status.received')}>
          <span>{units.octets(child.bytesIn)}</span>
          <span>{text('status.packets', { count: child.packetsIn })}</span>
        </Fact>
        <Fact name={text('status.sent')}>
          <span>{units.octets(child.bytesOut)}</span>
          <span>{text('status.packets', { count: child.packetsOut })}</span>
        </Fact>
        <Fact name={text('status.spis')}>
          <Technical>in {child.spiIn}</Technical>
          <Technical>out {child.spiOut}</Technical>
        </Fact>
        <Fact name={text('status.idle')}>
          {child.idleSeconds === undefined ? text('status.noPacket') : units.span(child.idleSeconds)}
        </Fact>
      </Facts>
    </Card>
  );
}
