/** States as chips in the product's colours. */
import type { JSX, ReactNode } from 'react';
import type { TunnelState } from '../../engine/api/snapshot.ts';
import { useText } from '../i18n/text.tsx';
import { STANDING_TONES, type Standing, TONES, type Tone } from '../model/tone.ts';
import styles from './parts.module.css';

export function Dot({ tone }: { readonly tone: Tone }): JSX.Element {
  return <span className={styles.dot} data-tone={tone} aria-hidden />;
}

export function Chip({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }): JSX.Element {
  return (
    <span className={styles.chip} data-tone={tone}>
      <Dot tone={tone} />
      {children}
    </span>
  );
}

/** The state by the name that the engine and the log give it. */
export function StateChip({ state }: { readonly state: TunnelState }): JSX.Element {
  return (
    <Chip tone={TONES[state]}>
      <span dir="ltr">{state}</span>
    </Chip>
  );
}

export function StandingChip({ standing }: { readonly standing: Standing }): JSX.Element {
  const text = useText();
  return <Chip tone={STANDING_TONES[standing]}>{text(`standing.${standing}`)}</Chip>;
}
