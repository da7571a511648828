/** The chosen profile, large: what it does now, why it failed, and the button. */
import { Activity, Plug, Unplug, X } from 'lucide-react';
import type { JSX } from 'react';
import type { ProfileSummary, TunnelSnapshot } from '../../../engine/api/snapshot.ts';
import { useAction } from '../../bridge/action.ts';
import { navigate, useApp } from '../../bridge/app-state.ts';
import { bridge } from '../../bridge/bridge.ts';
import { useText } from '../../i18n/text.tsx';
import { useUnits } from '../../i18n/units.ts';
import { ringOf } from '../../model/samples.ts';
import { STANDING_TONES, standingOf } from '../../model/tone.ts';
import { Arch } from '../../parts/arch.tsx';
import { Button } from '../../parts/button.tsx';
import { StandingChip } from '../../parts/chip.tsx';
import { Technical } from '../../parts/layout.tsx';
import { FailureNote, Note } from '../../parts/notes.tsx';
import styles from './home.module.css';
import { ProfileMenu } from './profile-menu.tsx';

function Sentence({ tunnel }: { readonly tunnel: TunnelSnapshot | undefined }): JSX.Element {
  const text = useText();
  const units = useUnits();
  const now = useApp((s) => s.snapshot?.time ?? '');
  const standing = standingOf(tunnel);
  const since = tunnel ? (Date.parse(now) - Date.parse(tunnel.ike?.establishedAt ?? tunnel.since)) / 1000 : 0;
  const words =
    standing === 'waiting'
      ? text('home.sentence.waiting', {
          span: units.span(tunnel?.secondsToRetry ?? 0),
          attempts: tunnel?.attempts ?? 0,
        })
      : standing === 'on'
        ? text('home.sentence.on', { span: units.span(since) })
        : text(`home.sentence.${standing}`);
  return <p className={styles.sentence}>{words}</p>;
}

function Figures({ tunnel }: { readonly tunnel: TunnelSnapshot }): JSX.Element {
  const text = useText();
  const units = useUnits();
  const { bitsIn, bitsOut } = ringOf(tunnel.name)?.latest() ?? { bitsIn: 0, bitsOut: 0 };
  return (
    <dl className={styles.figures}>
      <div>
        <dt>{text('home.address')}</dt>
        <dd>
          <Technical>{tunnel.addresses[0] ?? '–'}</Technical>
        </dd>
      </div>
      <div>
        <dt>{text('home.received')}</dt>
        <dd>{units.rate(bitsIn)}</dd>
      </div>
      <div>
        <dt>{text('home.sent')}</dt>
        <dd>{units.rate(bitsOut)}</dd>
      </div>
      {tunnel.ike?.roundTripMs !== undefined && (
        <div>
          <dt>{text('home.roundTrip')}</dt>
          <dd>{units.milliseconds(tunnel.ike.roundTripMs)}</dd>
        </div>
      )}
    </dl>
  );
}

export interface HeroProps {
  readonly profile: ProfileSummary;
  readonly tunnel: TunnelSnapshot | undefined;
}

export function Hero({ profile, tunnel }: HeroProps): JSX.Element {
  const text = useText();
  const usable = useApp((s) => s.engine.kind === 'connected');
  const standing = standingOf(tunnel);
  const up = useAction(() => bridge.call('tunnel.up', { profile: profile.name }));
  const down = useAction(() => bridge.call('tunnel.down', { name: profile.name }));
  const failure = up.failure ?? down.failure;
  const idle = standing === 'off' || standing === 'failed';
  const button = idle ? (
    <Button
      kind="primary"
      size="large"
      icon={Plug}
      busy={up.busy}
      disabled={!usable || profile.problem !== undefined}
      onClick={() => void up.run()}
    >
      {text(standing === 'failed' ? 'action.retry' : 'action.connect')}
    </Button>
  ) : standing === 'on' || standing === 'ending' ? (
    <Button
      size="large"
      icon={Unplug}
      busy={down.busy || standing === 'ending'}
      disabled={!usable}
      onClick={() => void down.run()}
    >
      {text('action.disconnect')}
    </Button>
  ) : (
    <Button size="large" icon={X} busy={down.busy} disabled={!usable} onClick={() => void down.run()}>
      {text('action.cancel')}
    </Button>
  );
  return (
    <section className={styles.hero} aria-label={profile.name}>
      <Arch tone={STANDING_TONES[standing]} />
      <div className={styles.heroBody}>
        <div role="status">
          <StandingChip standing={standing} />
        </div>
        <h2 className={styles.heroName}>
          <bdi>{profile.name}</bdi>
        </h2>
        <p className={styles.gateway}>
          <Technical>{profile.hosts.join(', ')}</Technical>
        </p>
        <Sentence tunnel={tunnel} />
        <div className={styles.heroActions}>
          {button}
          {tunnel && (
            <Button kind="ghost" icon={Activity} onClick={() => navigate('status', tunnel.name)}>
              {text('home.details')}
            </Button>
          )}
          <ProfileMenu name={profile.name} />
        </div>
      </div>
      {profile.problem !== undefined && (
        <div className={styles.heroFoot}>
          <Note tone="red">
            <p>{text('home.broken')}</p>
            <p lang="en" dir="ltr">
              {profile.problem}
            </p>
          </Note>
        </div>
      )}
      {failure ? (
        <div className={styles.heroFoot}>
          <FailureNote
            failure={failure}
            onClose={() => {
              up.forget();
              down.forget();
            }}
          />
        </div>
      ) : (
        tunnel?.lastFailure &&
        (standing === 'failed' || standing === 'waiting') && (
          <div className={styles.heroFoot}>
            <FailureNote
              failure={tunnel.lastFailure}
              actions={
                <Button kind="ghost" onClick={() => navigate('negotiation', tunnel.name)}>
                  {text('home.showMessages')}
                </Button>
              }
            />
          </div>
        )
      )}
      {tunnel && standing === 'on' && (
        <div className={styles.heroFoot}>
          {tunnel.lastFailure && <FailureNote failure={tunnel.lastFailure} tone="orange" />}
          <Figures tunnel={tunnel} />
        </div>
      )}
    </section>
  );
}
