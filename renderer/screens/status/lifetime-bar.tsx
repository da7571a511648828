/** How much of an SA's life is over, where it will be rekeyed, and when it ends. */
import type { JSX } from 'react';
import { useText } from '../../i18n/text.tsx';
import { useUnits } from '../../i18n/units.ts';
import type { Lifetime } from '../../model/lifetime.ts';
import type { Tone } from '../../model/tone.ts';
import styles from './status.module.css';

export interface LifetimeBarProps {
  readonly name: string;
  readonly lifetime: Lifetime;
  readonly tone: Tone;
  readonly rekeysDone: number;
}

const percent = (share: number): string => `${(share * 100).toFixed(2)}%`;

export function LifetimeBar({ name, lifetime, tone, rekeysDone }: LifetimeBarProps): JSX.Element {
  const text = useText();
  const units = useUnits();
  const { elapsed, rekeyAt, secondsToRekey, secondsToExpiry } = lifetime;
  const rekey =
    secondsToRekey === undefined ? undefined : text('life.rekey', { span: units.span(secondsToRekey) });
  const expiry = text('life.expiry', { span: units.span(secondsToExpiry) });
  return (
    <div className={styles.life}>
      {/* biome-ignore lint/a11y/useSemanticElements: a <meter> has no place for the mark of the rekey */}
      <div
        className={styles.track}
        role="meter"
        aria-label={text('life.label', { name })}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(elapsed * 100)}
        aria-valuetext={[rekey, expiry].filter(Boolean).join(', ')}
      >
        <div className={styles.elapsed} data-tone={tone} style={{ inlineSize: percent(elapsed) }} />
        {rekeyAt !== undefined && (
          <div className={styles.rekeyTick} style={{ insetInlineStart: percent(rekeyAt) }} />
        )}
      </div>
      <p className={styles.lifeText}>
        {rekey !== undefined && <strong>{rekey}</strong>}
        <span>{expiry}</span>
        <span>{text('life.rekeys', { count: rekeysDone })}</span>
      </p>
    </div>
  );
}
