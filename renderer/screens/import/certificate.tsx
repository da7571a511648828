/** A certificate as a person compares it. */
import type { JSX, ReactNode } from 'react';
import type { CertificatePreview } from '../../../engine/api/import.ts';
import { useText } from '../../i18n/text.tsx';
import { useUnits } from '../../i18n/units.ts';
import { Chip } from '../../parts/chip.tsx';
import styles from './import.module.css';

const MONTH_MS = 30 * 24 * 3600 * 1000;

export interface CertificateProps {
  readonly certificate: CertificatePreview;
  /** A box to tick, or a mark. */
  readonly choice?: ReactNode;
  readonly chosen?: boolean;
}

function Validity({ notBefore, notAfter }: CertificatePreview): JSX.Element | null {
  const text = useText();
  const now = Date.now();
  if (Date.parse(notAfter) < now) return <Chip tone="red">{text('certificate.expired')}</Chip>;
  if (Date.parse(notBefore) > now) return <Chip tone="red">{text('certificate.notYet')}</Chip>;
  if (Date.parse(notAfter) - now < MONTH_MS) return <Chip tone="orange">{text('certificate.soon')}</Chip>;
  return null;
}

export function Certificate({ certificate, choice, chosen }: CertificateProps): JSX.Element {
  const text = useText();
  const units = useUnits();
  const { subject, issuer, altNames, notBefore, notAfter, key, fingerprint } = certificate;
  return (
    <li
      className={styles.certificate}
      data-chosen={chosen || undefined}
      data-choice={choice ? true : undefined}
    >
      {choice}
      <div className={styles.body}>
        <p>
          <strong>
            <bdi dir="ltr">{subject}</bdi>
          </strong>{' '}
          <Validity {...certificate} />
        </p>
        <dl>
          <div>
            <dt>{text('certificate.issuer')} </dt>
            <dd dir="ltr">{issuer}</dd>
          </div>
          {altNames.length > 0 && (
            <div>
              <dt>{text('certificate.names')} </dt>
              <dd dir="ltr">{altNames.join(', ')}</dd>
            </div>
          )}
          <div>
            <dt>{text('certificate.key')} </dt>
            <dd dir="ltr">{key}</dd>
          </div>
          <div>
            <dt>{text('certificate.valid')} </dt>
            <dd>
              {units.date(notBefore)} – {units.date(notAfter)}
            </dd>
          </div>
        </dl>
        <code className={styles.fingerprint} dir="ltr">
          SHA-256 {fingerprint}
        </code>
      </div>
    </li>
  );
}
