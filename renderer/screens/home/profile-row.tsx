/** One profile of the list. */
import type { JSX } from 'react';
import type { ProfileSummary, TunnelSnapshot } from '../../../engine/api/snapshot.ts';
import { useAction } from '../../bridge/action.ts';
import { useApp } from '../../bridge/app-state.ts';
import { bridge } from '../../bridge/bridge.ts';
import { useText } from '../../i18n/text.tsx';
import { daysToExpiry } from '../../model/expiry.ts';
import { standingOf } from '../../model/tone.ts';
import { Button } from '../../parts/button.tsx';
import { StandingChip } from '../../parts/chip.tsx';
import styles from './home.module.css';
import { ProfileMenu } from './profile-menu.tsx';

export interface ProfileRowProps {
  readonly profile: ProfileSummary;
  readonly tunnel: TunnelSnapshot | undefined;
  readonly chosen: boolean;
  readonly onChoose: () => void;
}

export function ProfileRow({ profile, tunnel, chosen, onChoose }: ProfileRowProps): JSX.Element {
  const text = useText();
  const standing = standingOf(tunnel);
  const now = useApp((s) => s.snapshot?.time.slice(0, 10) ?? '');
  const expires = daysToExpiry(profile.certificateExpires, now);
  const idle = standing === 'off' || standing === 'failed';
  const toggle = useAction<[], unknown>(async () =>
    idle
      ? await bridge.call('tunnel.up', { profile: profile.name })
      : await bridge.call('tunnel.down', { name: profile.name }),
  );
  return (
    <li className={styles.profile} data-chosen={chosen || undefined}>
      <button type="button" className={styles.choose} aria-pressed={chosen} onClick={onChoose}>
        <strong>
          <bdi>{profile.name}</bdi>
        </strong>
        <span>
          <bdi dir="ltr">{profile.hosts.join(', ')}</bdi>
          {' · '}
          {text(`auth.${profile.auth}`)}
        </span>
        {expires !== undefined && (
          <span>
            {text(expires <= 0 ? 'home.certificateOver' : 'home.certificateEnds', {
              days: Math.max(0, expires),
            })}
          </span>
        )}
      </button>
      <StandingChip standing={standing} />
      <Button
        busy={toggle.busy}
        disabled={profile.problem !== undefined}
        aria-label={text(idle ? 'home.connectTo' : 'home.disconnectFrom', { name: profile.name })}
        onClick={() => {
          onChoose();
          void toggle.run();
        }}
      >
        {text(idle ? 'action.connect' : 'action.disconnect')}
      </Button>
      <ProfileMenu name={profile.name} />
    </li>
  );
}
