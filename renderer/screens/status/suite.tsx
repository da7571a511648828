/** An algorithm set: as a person says it, and by IANA's names. */
import type { JSX } from 'react';
import type { SuiteSnapshot } from '../../../engine/api/snapshot.ts';
import { useText } from '../../i18n/text.tsx';
import { Technical } from '../../parts/layout.tsx';
import styles from './status.module.css';

export function Suite({ suite }: { readonly suite: SuiteSnapshot }): JSX.Element {
  const text = useText();
  return (
    <>
      <Technical>{suite.text}</Technical>
      <span className={styles.words} dir="ltr">
        {suite.transforms.map((name) => (
          <span key={name} className={styles.word}>
            {name}
          </span>
        ))}
        {suite.weak?.map((word) => (
          <span key={`weak ${word}`} className={styles.word} data-tone="red">
            {text('status.weak', { word })}
          </span>
        ))}
      </span>
    </>
  );
}
