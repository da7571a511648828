/** The status of one tunnel: everything that the engine knows of it, once a second. */
import { Plug, Unplug } from 'lucide-react';
import type { JSX } from 'react';
import type { ChildSnapshot, TunnelSnapshot } from '../../../engine/api/snapshot.ts';
import { useAction } from '../../bridge/action.ts';
import { navigate, useApp, useTunnels } from '../../bridge/app-state.ts';
import { bridge } from '../../bridge/bridge.ts';
import { useText } from '../../i18n/text.tsx';
import { useUnits } from '../../i18n/units.ts';
import { nextEvent } from '../../model/lifetime.ts';
import { standingOf } from '../../model/tone.ts';
import { Arch } from '../../parts/arch.tsx';
import { Button } from '../../parts/button.tsx';
import { StateChip } from '../../parts/chip.tsx';
import { Empty, Page } from '../../parts/layout.tsx';
import { FailureNote, Note } from '../../parts/notes.tsx';
import { TunnelPicker } from '../../parts/tunnel-picker.tsx';
import type { ScreenProps } from '../screens.tsx';
import { AttemptsCard } from './attempts.tsx';
import { ChildCard } from './child-card.tsx';
import { ThroughputCard } from './graph.tsx';
import { HostCard, PacketsCard } from './host-cards.tsx';
import { IkeCard } from './ike-card.tsx';
import styles from './status.module.css';
import { RekeysCard, TimelineCard } from './timeline.tsx';

/** An hour does not move to the eye within a second. */
const everyTenSeconds = (iso: string): string =>
  new Date(Math.ceil(Date.parse(iso) / 10_000) * 10_000).toISOString();

/** What a rekey replaced stands below what is in use. */
const byUse = (a: ChildSnapshot, b: ChildSnapshot): number =>
  Number(a.state === 'REKEYED' || a.state === 'DELETING') -
  Number(b.state === 'REKEYED' || b.state === 'DELETING');

function Next({ tunnel }: { readonly tunnel: TunnelSnapshot }): JSX.Element | null {
  const text = useText();
  const units = useUnits();
  const next = nextEvent(tunnel);
  if (!next) return null;
  const child = 'child' in next ? next.child : '';
  return (
    <p className={styles.next}>{text(`next.${next.kind}`, { span: units.span(next.seconds), child })}</p>
  );
}

function TunnelActions({ tunnel }: { readonly tunnel: TunnelSnapshot }): JSX.Element {
  const text = useText();
  const standing = standingOf(tunnel);
  const down = useAction(() => bridge.call('tunnel.down', { name: tunnel.name }));
  const up = useAction(() => bridge.call('tunnel.up', { profile: tunnel.profile }));
  const failure = up.failure ?? down.failure;
  const idle = standing === 'off' || standing === 'failed';
  return (
    <>
      {idle ? (
        <Button kind="primary" icon={Plug} busy={up.busy} onClick={() => void up.run()}>
          {text('action.connect')}
        </Button>
      ) : (
        <Button icon={Unplug} busy={down.busy || standing === 'ending'} onClick={() => void down.run()}>
          {text('action.disconnect')}
        </Button>
      )}
      {failure && <FailureNote failure={failure} onClose={() => (up.failure ? up : down).forget()} />}
    </>
  );
}

export function Status({ subject }: ScreenProps): JSX.Element {
  const text = useText();
  const tunnels = useTunnels();
  const now = useApp((s) => s.snapshot?.time ?? '');
  const tunnel =
    tunnels.find((t) => t.name === subject) ?? tunnels.find((t) => t.state !== 'CREATED') ?? tunnels[0];
  if (!tunnel)
    return (
      <Page title={text('nav.status')}>
        <Empty
          picture={
            <div style={{ inlineSize: '12rem' }}>
              <Arch tone="grey" />
            </div>
          }
          title={text('status.empty')}
          text={text('status.emptyText')}
          actions={<Button onClick={() => navigate('home')}>{text('status.toHome')}</Button>}
        />
      </Page>
    );
  return (
    <Page
      title={tunnel.name}
      mark={<StateChip state={tunnel.state} />}
      lead={<Next tunnel={tunnel} />}
      actions={
        <>
          <TunnelPicker screen="status" chosen={tunnel.name} />
          <TunnelActions tunnel={tunnel} />
        </>
      }
    >
      {tunnel.lastFailure && tunnel.lastFailure.code !== 'CANCELLED' && (
        <FailureNote failure={tunnel.lastFailure} tone={tunnel.usable ? 'orange' : 'red'} />
      )}
      {tunnel.resting && (
        <Note tone="grey">
          <p>{text('status.resting', { children: tunnel.resting.join(', ') })}</p>
        </Note>
      )}
      <AttemptsCard tunnel={tunnel} />
      {tunnel.ike && <IkeCard tunnel={tunnel} ike={tunnel.ike} now={now} />}
      {tunnel.children.toSorted(byUse).map((child) => (
        <ChildCard key={child.id} tunnel={tunnel.name} child={child} now={now} />
      ))}
      {tunnel.ike && <ThroughputCard tunnel={tunnel.name} now={now} />}
      <TimelineCard history={tunnel.history} now={everyTenSeconds(now)} />
      <div className={styles.two}>
        <RekeysCard history={tunnel.history} />
        {tunnel.datapath && <PacketsCard datapath={tunnel.datapath} />}
      </div>
      {tunnel.ike && <HostCard tunnel={tunnel} />}
    </Page>
  );
}
