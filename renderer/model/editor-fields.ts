/** The fields of the profile editor as a table: where each is in the document, and how it is edited. */
import type { MessageKey } from '../i18n/text.tsx';

export type FieldKind = 'text' | 'number' | 'secret' | 'lines' | 'switch' | 'choice';

export interface FieldSpec {
  /** In the document; also the key of its label (`editor.PATH`) and its explanation (`editor.PATH.hint`). */
  readonly path: EditorPath;
  readonly kind: FieldKind;
  readonly choices?: readonly string[];
  /** What counts while nothing is written. */
  readonly fallback?: string | boolean;
}

type Explained<K> = K extends `editor.${infer P}.hint`
  ? `editor.${P}` extends MessageKey
    ? P
    : never
  : never;
/** Fields that have a label and an explanation. */
export type EditorPath = Explained<MessageKey>;

const text = (path: EditorPath, fallback?: string): FieldSpec => ({
  path,
  kind: 'text',
  ...(fallback === undefined ? {} : { fallback }),
});
const number = (path: EditorPath, fallback?: string): FieldSpec => ({
  ...text(path, fallback),
  kind: 'number',
});
const toggle = (path: EditorPath, fallback: boolean): FieldSpec => ({ path, kind: 'switch', fallback });
const choice = (path: EditorPath, fallback: string, choices: readonly string[]): FieldSpec => ({
  path,
  kind: 'choice',
  choices,
  fallback,
});

export interface Section {
  readonly key:
    | 'lifetimes'
    | 'liveness'
    | 'network'
    | 'dns'
    | 'routes'
    | 'killSwitch'
    | 'trust'
    | 'ppk'
    | 'patience';
  readonly fields: readonly FieldSpec[];
}

const REVOCATION = ['off', 'relaxed', 'strict'] as const;

export const ADVANCED: readonly Section[] = [
  {
    key: 'lifetimes',
    fields: [
      text('ike.lifetime', '3h'),
      text('ike.margin', '9m'),
      text('ike.reauthTime'),
      text('esp.lifetime', '1h'),
      text('esp.margin', '9m'),
      number('esp.lifebytes'),
      number('esp.replayWindow', '1024'),
      text('esp.inactivity', '0'),
      toggle('esp.rekeyUnused', true),
      toggle('esp.rehearsal', false),
    ],
  },
  {
    key: 'liveness',
    fields: [
      text('dpd.delay', '30s'),
      choice('dpd.action', 'restart', ['none', 'clear', 'hold', 'restart']),
      text('keepalive', '20s'),
    ],
  },
  {
    key: 'network',
    fields: [
      number('gateway.port', '4500'),
      toggle('gateway.followRedirects', true),
      text('gateway.redirectTo'),
      choice('encapsulation', 'forced', ['forced', 'auto']),
      toggle('virtualIp.ipv4', true),
      toggle('virtualIp.ipv6', true),
      toggle('ike.mobike', true),
      choice('ike.childless', 'allow', ['allow', 'prefer', 'force', 'never']),
      toggle('fragmentation.enabled', true),
      number('fragmentation.size', '1280'),
      number('mtu'),
      choice('esp.copyDscp', 'out', ['out', 'in', 'yes', 'no']),
      toggle('esp.copyEcn', true),
      text('interface', 'culvert%d'),
    ],
  },
  {
    key: 'dns',
    fields: [choice('dns.mode', 'use', ['use', 'ignore']), text('dns.servers'), text('dns.domains')],
  },
  { key: 'routes', fields: [choice('routes.mode', 'auto', ['auto', 'none']), text('routes.extra')] },
  {
    key: 'killSwitch',
    fields: [
      choice('killSwitch.mode', 'off', ['off', 'while-up', 'always']),
      toggle('killSwitch.allowLocal', false),
    ],
  },
  {
    key: 'trust',
    fields: [
      choice('remote.eku', 'enforce', ['enforce', 'ignore']),
      choice('remote.revocation.crl', 'relaxed', REVOCATION),
      choice('remote.revocation.ocsp', 'relaxed', REVOCATION),
      toggle('remote.sendId', true),
      toggle('ike.preferPss', true),
    ],
  },
  {
    key: 'ppk',
    fields: [
      text('ike.ppk.id'),
      { path: 'ike.ppk.secret', kind: 'secret' },
      toggle('ike.ppk.required', true),
    ],
  },
  {
    key: 'patience',
    fields: [
      number('ike.keyingtries', '1'),
      text('patience', '60s'),
      text('retransmission.timeout', '2s'),
      number('retransmission.tries', '6'),
    ],
  },
];
