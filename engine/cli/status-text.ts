/** A snapshot as text: what `culvert status` shows. */
import type {
  ChildSnapshot,
  EndpointSnapshot,
  IkeSnapshot,
  NatSnapshot,
  Snapshot,
  SuiteSnapshot,
  TunnelSnapshot,
} from '../api/snapshot.ts';
import { attemptText } from './progress.ts';
import { promptName } from './prompt-text.ts';
import { octets, plural, span } from './units.ts';

type Row = readonly [label: string, text: string | undefined];

const endpoint = ({ address, port }: EndpointSnapshot): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

function natText({ local, remote, forced }: NatSnapshot): string {
  // With forced encapsulation our own NAT payload is made up, so what is in front of us cannot be told.
  const seen = [
    forced ? 'UDP encapsulation forced' : local ? 'we are behind a NAT' : 'no NAT in front of us',
  ];
  seen.push(remote ? 'the gateway is behind a NAT' : 'no NAT in front of the gateway');
  return seen.join(', ');
}

function lifetimeText(
  left: { readonly secondsToRekey?: number | undefined; readonly secondsToExpiry?: number | undefined },
  rekeysDone: number,
): string {
  const parts: string[] = [];
  if (left.secondsToRekey !== undefined) parts.push(`next rekey in ${span(left.secondsToRekey)}`);
  if (left.secondsToExpiry !== undefined) parts.push(`lifetime left ${span(left.secondsToExpiry)}`);
  parts.push(`${plural(rekeysDone, 'rekey')} done`);
  return parts.join(', ');
}

function suiteText({ text, transforms, weak }: SuiteSnapshot): string {
  const mark = weak === undefined ? '' : `, WEAK: ${weak.join(', ')}`;
  return `${text} (${transforms.join(', ')})${mark}`;
}

function ikeRows(ike: IkeSnapshot): Row[] {
  const measured = [
    ...(ike.roundTripMs === undefined ? [] : [`round trip ${ike.roundTripMs.toFixed(1)} ms`]),
    plural(ike.retransmits, 'retransmit'),
    `fragmentation ${ike.fragmentation ? 'on' : 'off'}`,
  ];
  const auth = [
    ike.localAuth && `we: ${ike.localAuth}`,
    ike.remoteAuth && `gateway: ${ike.remoteAuth}`,
    ike.ppk === undefined ? undefined : `post-quantum key ${ike.ppk ? 'in use' : 'NOT in use'}`,
  ].filter(Boolean);
  return [
    ['peer', ike.remote && `${ike.remoteId ?? '?'} at ${endpoint(ike.remote)}`],
    ['we', ike.local && `${ike.localId ?? '?'} at ${endpoint(ike.local)}`],
    ['NAT', natText(ike.nat)],
    ['auth', auth.length === 0 ? undefined : auth.join(', ')],
    ['IKE SA', ike.suite ? suiteText(ike.suite) : 'no suite yet'],
    ['', `SPI ${ike.spiInitiator} (initiator), ${ike.spiResponder} (responder)`],
    ['', lifetimeText(ike, ike.rekeysDone)],
    ['', measured.join(', ')],
  ];
}

function childRows(child: ChildSnapshot): Row[] {
  const suite = suiteText(child.suite);
  const extras = [
    ...(child.esn ? ['64-bit sequence numbers'] : []),
    ...(child.pfs === undefined ? [] : [`PFS ${child.pfs}`]),
  ];
  const idle = child.idleSeconds === undefined ? '' : `, idle ${span(child.idleSeconds)}`;
  return [
    [`child ${child.name}`, `${child.state}, ${[suite, ...extras].join(', ')}`],
    ['', `SPI in ${child.spiIn}, out ${child.spiOut}`],
    [
      '',
      `${child.local.join(' ')} === ${child.remote.join(' ')}${child.narrowed ? ' (narrowed by the gateway)' : ''}`,
    ],
    ['', lifetimeText(child, child.rekeysDone)],
    [
      '',
      `in ${octets(child.bytesIn)} in ${plural(child.packetsIn, 'packet')}, out ${octets(child.bytesOut)} in ${plural(child.packetsOut, 'packet')}${idle}`,
    ],
  ];
}

function dropsText(drops: Readonly<Record<string, number>>): string {
  const happened = Object.entries(drops).filter(([, count]) => count > 0);
  return happened.length === 0 ? 'none' : happened.map(([cause, count]) => `${cause} ${count}`).join(', ');
}

const listed = (texts: readonly string[]): string | undefined =>
  texts.length === 0 ? undefined : texts.join(', ');

function promptRows({ name, prompt }: TunnelSnapshot): Row[] {
  if (!prompt) return [];
  const text = prompt.text === undefined ? '' : `: "${prompt.text}"`;
  return [
    [
      'asks for',
      `${promptName(prompt)}${text}, for ${span(prompt.secondsLeft)} yet (culvert answer ${name})`,
    ],
    ['', prompt.problem],
  ];
}

function tunnelRows(tunnel: TunnelSnapshot): Row[] {
  const { datapath, lastFailure } = tunnel;
  const path =
    datapath && `${datapath.description}${datapath.mtu === undefined ? '' : `, MTU ${datapath.mtu}`}`;
  const retry = tunnel.secondsToRetry === undefined ? '' : `, next in ${span(tunnel.secondsToRetry)}`;
  return [
    ...promptRows(tunnel),
    ...(tunnel.ike ? ikeRows(tunnel.ike) : []),
    ['addresses', listed(tunnel.addresses)],
    ['DNS', listed([...tunnel.dns, ...tunnel.domains.map((domain) => `for ${domain}`)])],
    ['routes', listed(tunnel.routes)],
    ...tunnel.children.flatMap(childRows),
    ['data path', path],
    ['drops', datapath && dropsText(datapath.drops)],
    ...tunnel.hostChanges.map((change, i): Row => [i === 0 ? 'host' : '', change]),
    ['attempts', tunnel.attempts > 1 || retry !== '' ? `${tunnel.attempts}${retry}` : undefined],
    ...attemptRows(tunnel),
    ['last failure', lastFailure && `${lastFailure.code}: ${lastFailure.message}`],
  ];
}

/** Of the latest attempts; `--json` has more of them. */
const SHOWN_ATTEMPTS = 6;

/** What failed since the tunnel was last up. */
function attemptRows({ recentAttempts }: TunnelSnapshot): Row[] {
  const since = recentAttempts.map((one) => one.outcome).lastIndexOf('connected');
  const failed = recentAttempts.slice(since + 1).filter((one) => one.outcome === 'failed');
  return failed.slice(-SHOWN_ATTEMPTS).map((one): Row => ['', attemptText(one)]);
}

const LABEL_WIDTH = 12;

export function tunnelText(tunnel: TunnelSnapshot, nowIso: string): string {
  const since = span((Date.parse(nowIso) - Date.parse(tunnel.since)) / 1000);
  const head = `${tunnel.name}: ${tunnel.state} for ${since}${tunnel.usable ? ', traffic flows' : ''}`;
  const lines = tunnelRows(tunnel).flatMap(([label, text]) =>
    text === undefined ? [] : [`  ${label.padEnd(LABEL_WIDTH)} ${text}`],
  );
  return [head, ...lines].join('\n');
}

export function snapshotText({ engine, tunnels, time }: Snapshot): string {
  const head = `engine ${engine.version}, process ${engine.pid}, up ${span(engine.uptimeSeconds)}${engine.privileged ? '' : ', unprivileged'}`;
  const recovered = engine.recovered.map((change) => `  recovered: ${change}`);
  const body = tunnels.length === 0 ? ['no tunnels'] : tunnels.map((tunnel) => tunnelText(tunnel, time));
  return [[head, ...recovered].join('\n'), ...body].join('\n\n');
}
