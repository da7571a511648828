/** What the tunnel means for this computer, and what its packets met on the way. */
import type { JSX } from 'react';
import type { DatapathSnapshot, TunnelSnapshot } from '../../../engine/api/snapshot.ts';
import { useText } from '../../i18n/text.tsx';
import { useUnits } from '../../i18n/units.ts';
import { Disclosure } from '../../parts/disclosure.tsx';
import { Card, Fact, Facts, Technical } from '../../parts/layout.tsx';
import styles from './status.module.css';

const CAUSES = [
  'no-sa',
  'replay',
  'integrity',
  'selector',
  'malformed',
  'no-route',
  'too-big',
  'expired',
  'tun-full',
  'udp-error',
  'dummy',
  'congestion',
] as const;

function List({ values }: { readonly values: readonly string[] }): JSX.Element {
  const text = useText();
  if (values.length === 0) return <span>{text('status.none')}</span>;
  return (
    <>
      {values.map((value) => (
        <Technical key={value}>{value}</Technical>
      ))}
    </>
  );
}

export function HostCard({ tunnel }: { readonly tunnel: TunnelSnapshot }): JSX.Element {
  const text = useText();
  const { addresses, dns, domains, routes, hostChanges, datapath } = tunnel;
  return (
    <Card title={text('host.title')}>
      <Facts>
        <Fact name={text('host.addresses')}>
          <List values={addresses} />
        </Fact>
        <Fact name={text('host.dns')}>
          <List values={dns} />
        </Fact>
        {domains.length > 0 && (
          <Fact name={text('host.domains')}>
            <List values={domains} />
          </Fact>
        )}
        <Fact name={text('host.routes')}>
          <List values={routes} />
        </Fact>
        {datapath && (
          <>
            <Fact name={text('host.interface')}>
              <Technical>{datapath.interface}</Technical>
            </Fact>
            {datapath.mtu !== undefined && <Fact name={text('host.mtu')}>{datapath.mtu}</Fact>}
          </>
        )}
      </Facts>
      {hostChanges.length > 0 && (
        <Disclosure label={text('host.changes', { count: hostChanges.length })}>
          <ul className={styles.lines} lang="en" dir="ltr">
            {hostChanges.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </Disclosure>
      )}
    </Card>
  );
}

export function PacketsCard({ datapath }: { readonly datapath: DatapathSnapshot }): JSX.Element {
  const text = useText();
  const units = useUnits();
  const dropped = Object.entries(datapath.drops).filter(([, count]) => count > 0);
  return (
    <Card title={text('packets.title')}>
      <Facts>
        <Fact name={text('packets.in')}>{units.count(datapath.datagramsIn)}</Fact>
        <Fact name={text('packets.out')}>{units.count(datapath.datagramsOut)}</Fact>
      </Facts>
      {dropped.length === 0 ? (
        <p>{text('packets.noDrops')}</p>
      ) : (
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">{text('packets.cause')}</th>
              <th scope="col">{text('packets.dropped')}</th>
            </tr>
          </thead>
          <tbody>
            {dropped.map(([cause, count]) => {
              const known = CAUSES.find((name) => name === cause);
              return (
                <tr key={cause}>
                  <td>{known ? text(`drop.${known}`) : cause}</td>
                  <td>{units.count(count)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
      <p lang="en" dir="ltr" className={styles.next}>
        {datapath.description}
      </p>
    </Card>
  );
}
