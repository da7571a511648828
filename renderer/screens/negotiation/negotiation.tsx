/** The negotiation: every IKE message of a tunnel as a sequence, live. */
import { type JSX, useEffect, useMemo, useState } from 'react';
import type { NegotiationMessage } from '../../../engine/api/negotiation.ts';
import { useAction } from '../../bridge/action.ts';
import { navigate, useApp, useTunnels } from '../../bridge/app-state.ts';
import { bridge } from '../../bridge/bridge.ts';
import { useText } from '../../i18n/text.tsx';
import { useUnits } from '../../i18n/units.ts';
import { chosenWords, type Exchange, exchanges } from '../../model/negotiation.ts';
import { Arch } from '../../parts/arch.tsx';
import { Button } from '../../parts/button.tsx';
import { SwitchField } from '../../parts/fields.tsx';
import { Empty, Page } from '../../parts/layout.tsx';
import { FailureNote } from '../../parts/notes.tsx';
import { TunnelPicker } from '../../parts/tunnel-picker.tsx';
import type { ScreenProps } from '../screens.tsx';
import { Message } from './message.tsx';
import styles from './negotiation.module.css';

function ExchangeCard({ exchange }: { readonly exchange: Exchange }): JSX.Element {
  const text = useText();
  const units = useUnits();
  const chosen = useMemo(() => chosenWords(exchange), [exchange]);
  const first = exchange.messages[0];
  return (
    <li className={styles.exchange}>
      <div className={styles.head}>
        <h2 dir="ltr">{exchange.name}</h2>
        <span className={styles.meta}>
          {text('negotiation.number', { id: first?.messageId ?? 0 })}
          {' · '}
          <bdi className="mono" dir="ltr">
            {exchange.spi}
          </bdi>
          {exchange.durationMs !== undefined && <> · {units.milliseconds(exchange.durationMs)}</>}
        </span>
      </div>
      <ol>
        {exchange.messages.map((message) => (
          <Message key={message.sequence} message={message} chosen={chosen} />
        ))}
      </ol>
      {exchange.retry !== undefined && (
        <p className={styles.retried}>
          {text(exchange.retry === 'COOKIE' ? 'negotiation.cookie' : 'negotiation.invalidKe')}
        </p>
      )}
    </li>
  );
}

/** Checks whether the peer is alive, and their answers, are many and say little. */
const isQuiet = (exchange: Exchange): boolean =>
  exchange.name === 'INFORMATIONAL' && exchange.messages.every((m) => m.payloads.length === 0);

export function Negotiation({ subject }: ScreenProps): JSX.Element {
  const text = useText();
  const tunnels = useTunnels();
  const now = useApp((s) => s.snapshot?.time);
  const tunnel = tunnels.find((t) => t.name === subject) ?? tunnels.find((t) => t.attempts > 0) ?? tunnels[0];
  const name = tunnel?.name;
  const [messages, setMessages] = useState<readonly NegotiationMessage[]>([]);
  const [quiet, setQuiet] = useState(false);
  const load = useAction((of: string) => bridge.call('tunnel.negotiation', { name: of }));
  const { run } = load;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new snapshot may mean a new message
  useEffect(() => {
    if (name === undefined) return;
    void run(name).then((result) => {
      if (!result) return;
      // The same messages again are not worth drawing again.
      setMessages((before) =>
        before.length === result.messages.length &&
        JSON.stringify(before.at(-1)) === JSON.stringify(result.messages.at(-1))
          ? before
          : result.messages,
      );
    });
  }, [name, now, run]);
  const all = useMemo(() => exchanges(messages).toReversed(), [messages]);
  const shown = quiet ? all : all.filter((exchange) => !isQuiet(exchange));
  const hidden = all.length - shown.length;
  if (!tunnel)
    return (
      <Page title={text('nav.negotiation')}>
        <Empty
          picture={
            <div style={{ inlineSize: '12rem' }}>
              <Arch tone="grey" />
            </div>
          }
          title={text('negotiation.empty')}
          text={text('negotiation.emptyText')}
          actions={<Button onClick={() => navigate('home')}>{text('status.toHome')}</Button>}
        />
      </Page>
    );
  return (
    <Page
      title={text('negotiation.title', { name: tunnel.name })}
      lead={text('negotiation.lead')}
      actions={<TunnelPicker screen="negotiation" chosen={tunnel.name} />}
    >
      {load.failure && <FailureNote failure={load.failure} />}
      <div className={styles.tools}>
        <span>{text('negotiation.count', { count: messages.length })}</span>
        <SwitchField
          label={text('negotiation.liveness', { count: hidden })}
          value={quiet}
          onChange={setQuiet}
        />
      </div>
      <ol className={styles.list} aria-label={text('nav.negotiation')}>
        {shown.map((exchange) => (
          <ExchangeCard key={exchange.key} exchange={exchange} />
        ))}
      </ol>
    </Page>
  );
}
