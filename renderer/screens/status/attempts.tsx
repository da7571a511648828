/** What was tried to connect, address by address, and why it failed; latest first. */
import type { JSX } from 'react';
import type { AttemptSnapshot } from '../../../engine/api/attempt.ts';
import type { TunnelSnapshot } from '../../../engine/api/snapshot.ts';
import { useText } from '../../i18n/text.tsx';
import { useUnits } from '../../i18n/units.ts';
import { Card, Technical } from '../../parts/layout.tsx';
import styles from './status.module.css';

/** A list that is read, not searched. */
const SHOWN = 10;

const place = ({ address, port }: AttemptSnapshot): string =>
  address === undefined
    ? '–'
    : port === undefined
      ? address
      : `${address.includes(':') ? `[${address}]` : address}:${port}`;

export function AttemptsCard({ tunnel }: { readonly tunnel: TunnelSnapshot }): JSX.Element | null {
  const text = useText();
  const units = useUnits();
  const { recentAttempts, secondsToRetry } = tunnel;
  // One attempt that went well is no news.
  if (!recentAttempts.some((one) => one.outcome === 'failed')) return null;
  return (
    <Card title={text('attempts.title')}>
      {secondsToRetry !== undefined && <p>{text('attempts.next', { span: units.span(secondsToRetry) })}</p>}
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{text('attempts.time')}</th>
            <th scope="col">{text('attempts.number')}</th>
            <th scope="col">{text('attempts.address')}</th>
            <th scope="col">{text('attempts.outcome')}</th>
          </tr>
        </thead>
        <tbody>
          {recentAttempts
            .toReversed()
            .slice(0, SHOWN)
            .map((one, n) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: an address may be tried twice in a millisecond
              <tr key={`${one.time} ${n}`}>
                <td>{units.clock(one.time)}</td>
                <td>{units.count(one.number)}</td>
                <td>
                  <Technical>{place(one)}</Technical>
                </td>
                <td title={one.message}>
                  {one.code === undefined ? text(`attempts.${one.outcome}`) : text(`failure.${one.code}`)}
                </td>
              </tr>
            ))}
        </tbody>
      </table>
    </Card>
  );
}
