/** One IKE message: which way, how large, what was in it. */
import { ArrowLeft, ArrowRight } from 'lucide-react';
import type { JSX } from 'react';
import type { NegotiationMessage, NegotiationPayload } from '../../../engine/api/negotiation.ts';
import { useText } from '../../i18n/text.tsx';
import { useUnits } from '../../i18n/units.ts';
import { notifyKind, notifyOf, words } from '../../model/negotiation.ts';
import styles from './negotiation.module.css';

interface PayloadProps {
  readonly payload: NegotiationPayload;
  readonly chosen: ReadonlySet<string>;
}

function Payload({ payload, chosen }: PayloadProps): JSX.Element {
  const text = useText();
  const notify = notifyOf(payload);
  const isError = notify !== undefined && notifyKind(notify) === 'error';
  return (
    <li className={styles.payload} dir="ltr">
      <span className={styles.name} data-tone={isError ? 'red' : undefined}>
        {payload.name}
      </span>
      <div className={styles.what}>
        {payload.text !== undefined && <span lang="en">{payload.text}</span>}
        {payload.proposals?.map((proposal, n) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a proposal's number is its place
          <span key={n} className={styles.proposal}>
            {words(proposal).map((word) => (
              <span key={word} className={styles.word} data-chosen={chosen.has(word) || undefined}>
                {word}
                {chosen.has(word) && <span className="hidden"> ({text('negotiation.chosen')})</span>}
              </span>
            ))}
          </span>
        ))}
      </div>
    </li>
  );
}

export interface MessageProps {
  readonly message: NegotiationMessage;
  readonly chosen: ReadonlySet<string>;
}

export function Message({ message, chosen }: MessageProps): JSX.Element {
  const text = useText();
  const units = useUnits();
  const { direction, kind, octets, fragments, retransmits, roundTripMs, payloads, time } = message;
  const Icon = direction === 'sent' ? ArrowRight : ArrowLeft;
  return (
    <li className={styles.message}>
      <span className={styles.arrow} data-direction={direction}>
        <Icon className="flip" aria-hidden />
      </span>
      <p className={styles.about}>
        <strong>{text(`negotiation.${direction}.${kind}`)}</strong>
        <span>{units.clock(time)}</span>
        <span>{text('negotiation.octets', { count: octets })}</span>
        {fragments > 1 && <span>{text('negotiation.fragments', { count: fragments })}</span>}
        {retransmits > 0 && <span>{text('negotiation.retransmits', { count: retransmits })}</span>}
        {roundTripMs !== undefined && (
          <span>{text('negotiation.roundTrip', { time: units.milliseconds(roundTripMs) })}</span>
        )}
      </p>
      <ul className={styles.payloads}>
        {payloads.map((payload, n) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a payload's number is its place
          <Payload key={n} payload={payload} chosen={chosen} />
        ))}
      </ul>
    </li>
  );
}
