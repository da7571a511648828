/** The last hour: states as bands, rekeys, checks, moves and trouble as marks; below it the same in words. */
import { type JSX, type MemoExoticComponent, memo } from 'react';
import type { TunnelEvent } from '../../../engine/api/events.ts';
import { useText } from '../../i18n/text.tsx';
import { useUnits } from '../../i18n/units.ts';
import { bands, type Lane, marks, type Rekey, rekeys } from '../../model/timeline.ts';
import type { Tone } from '../../model/tone.ts';
import { Dot } from '../../parts/chip.tsx';
import { Disclosure } from '../../parts/disclosure.tsx';
import { Card } from '../../parts/layout.tsx';
import styles from './status.module.css';

const LANES: readonly Lane[] = ['rekey', 'liveness', 'path', 'trouble'];
const percent = (share: number): string => `${(share * 100).toFixed(2)}%`;
const EVENT_TONES: Readonly<Record<TunnelEvent['level'], Tone>> = {
  debug: 'grey',
  info: 'green',
  warn: 'orange',
  error: 'red',
};

export interface HistoryProps {
  readonly history: readonly TunnelEvent[];
  readonly now: string;
}

export const TimelineCard: MemoExoticComponent<(props: HistoryProps) => JSX.Element> = memo(
  function TimelineCard({ history, now }: HistoryProps): JSX.Element {
    const text = useText();
    const units = useUnits();
    const found = marks(history, now);
    return (
      <Card title={text('timeline.title')}>
        <div className={styles.timeline} aria-hidden>
          <span className={styles.laneName}>{text('timeline.state')}</span>
          <div className={styles.lane}>
            {bands(history, now).map(({ from, to, tone, state }) => (
              <div
                key={`${from} ${state}`}
                className={styles.band}
                data-tone={tone}
                title={state}
                style={{ insetInlineStart: percent(from), inlineSize: percent(to - from) }}
              />
            ))}
          </div>
          {LANES.map((lane) => (
            <div key={lane} style={{ display: 'contents' }}>
              <span className={styles.laneName}>{text(`timeline.${lane}`)}</span>
              <div className={styles.lane}>
                <div className={styles.inner}>
                  {found
                    .filter((mark) => mark.lane === lane)
                    .map((mark, n) => (
                      <div
                        // biome-ignore lint/suspicious/noArrayIndexKey: events have no name of their own, and never move
                        key={`${mark.event.time} ${n}`}
                        className={styles.mark}
                        data-tone={mark.tone}
                        title={`${units.clock(mark.event.time)} ${mark.event.text}`}
                        style={{ insetInlineStart: percent(mark.at) }}
                      />
                    ))}
                </div>
              </div>
            </div>
          ))}
          <div className={styles.scale}>
            <span>{text('timeline.hourAgo')}</span>
            <span>{text('timeline.halfHourAgo')}</span>
            <span>{text('timeline.now')}</span>
          </div>
        </div>
        <Disclosure label={text('timeline.events', { count: history.length })}>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls must be reachable by keyboard */}
          <ol className={styles.events} tabIndex={0} aria-label={text('timeline.title')}>
            {history.toReversed().map((event, n) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: events have no name of their own
              <li key={`${event.time} ${n}`} className={styles.event}>
                <time dateTime={event.time}>{units.clock(event.time)}</time>
                <Dot tone={EVENT_TONES[event.level]} />
                <span lang="en" dir="ltr">
                  {event.text}
                </span>
              </li>
            ))}
          </ol>
        </Disclosure>
      </Card>
    );
  },
);

function What({ of: { what, to = '', child = '' } }: { readonly of: Rekey }): JSX.Element {
  const text = useText();
  if (what === 'redirect') return <>{text('rekeys.redirect', { to })}</>;
  if (what === 'reauth') return <>{text('rekeys.reauth')}</>;
  return <bdi dir="ltr">{what === 'ike' ? 'IKE SA' : `CHILD_SA ${child}`}</bdi>;
}

type RekeysProps = Pick<HistoryProps, 'history'>;

export const RekeysCard: MemoExoticComponent<(props: RekeysProps) => JSX.Element> = memo(function RekeysCard({
  history,
}: RekeysProps): JSX.Element {
  const text = useText();
  const units = useUnits();
  const done = rekeys(history);
  return (
    <Card title={text('rekeys.title')}>
      {done.length === 0 ? (
        <p>{text('rekeys.none')}</p>
      ) : (
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">{text('rekeys.time')}</th>
              <th scope="col">{text('rekeys.what')}</th>
              <th scope="col">{text('rekeys.by')}</th>
              <th scope="col">{text('rekeys.duration')}</th>
            </tr>
          </thead>
          <tbody>
            {done.slice(0, 8).map((rekey, n) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: two rekeys may be done in the same millisecond
              <tr key={`${rekey.time} ${n}`}>
                <td>{units.clock(rekey.time)}</td>
                <td>
                  <What of={rekey} />
                </td>
                <td>
                  {text(`rekeys.by.${rekey.by}`)}
                  {rekey.cause !== undefined && (
                    <>
                      {' · '}
                      <bdi lang="en">{rekey.cause}</bdi>
                    </>
                  )}
                </td>
                <td>{rekey.durationMs === undefined ? '–' : units.milliseconds(rekey.durationMs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
});
