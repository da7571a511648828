/** The gateway's side of a profile as a piece of `swanctl.conf`, for whoever sets the gateway up (swanctl.conf(5)). */
import type { EapMethodText, LocalAuthDocument, ProfileDocument, TextList } from '../schema.ts';
import { byPassword, type EapRound, methodsOf } from './eap.ts';
import { listOf } from './pem.ts';
import { proposalTexts } from './proposal-texts.ts';
import { type ExportedFile, ExportReport } from './report.ts';

export interface GatewayExtras {
  /** Writes the pre-shared key into the text. */
  readonly withSecrets: boolean;
  /** Addresses to lend to clients. */
  readonly pool4?: string;
  readonly pool6?: string;
}

const CLIENT_ONLY = [
  'dpd',
  'keepalive',
  'retransmission',
  'patience',
  'interface',
  'mtu',
  'routes',
  'fragmentation',
  'killSwitch',
  'allowLegacy',
  'ike',
  'esp',
  'dns',
  'gateway',
] as const satisfies readonly (keyof ProfileDocument)[];
const ROUNDS = ['auth', 'auth2'] as const;
const POOL4 = '10.9.8.0/24';
const POOL6 = 'fd09:8::/112';

/** A value as swanctl reads it back: quoted, with quotes and backslashes escaped. */
const quoted = (text: string): string => `"${text.replaceAll(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`;

/** Selectors of the profile, seen from the other side. */
const selectors = (value: TextList | undefined, fallback: string): string =>
  value === undefined ? fallback : listOf(value).join(', ');

/** Methods that strongSwan has. One-time passwords are for another server. */
const served = (methods: readonly EapMethodText[]): readonly EapMethodText[] =>
  methods.filter((method) => method !== 'otp');

/** How the gateway asks for EAP: by the client's first choice, since eap-dynamic is not in every package. */
const eapWord = (methods: readonly EapMethodText[]): string => `eap-${served(methods)[0] ?? 'radius'}`;

/** What `strongswan.conf` must say for the methods of one round, as comments. */
function pluginLines(
  report: ExportReport,
  round: EapRound,
  auth: LocalAuthDocument | undefined,
): readonly string[] {
  const methods = methodsOf(auth);
  const lines: string[] = [];
  if (methods.includes('otp'))
    report.lost(
      `local.${round}.eap`,
      'strongSwan has no one-time passwords of its own: eap-radius asks another server',
    );
  const choices = served(methods);
  if (choices.length > 1) {
    report.wrote(
      `local.${round}.eap`,
      round === 'auth' ? 'remote.auth' : 'remote-2.auth',
      'the first method only; the plug-in eap-dynamic would leave the choice to the client',
    );
    lines.push(
      `charon.plugins.eap-dynamic.preferred = ${choices.join(', ')} (with auth = eap-dynamic, instead of ${eapWord(methods)})`,
    );
  }
  const inner = auth?.phase2 ?? 'eap-mschapv2';
  for (const method of ['ttls', 'peap'] as const)
    if (methods.includes(method) && inner.startsWith('eap-'))
      lines.push(`charon.plugins.eap-${method}.phase2_method = ${inner.slice(4)}`);
    else if (methods.includes(method))
      report.lost(
        `local.${round}.phase2`,
        `strongSwan asks for EAP in the tunnel: for "${inner}" another server is needed, by eap-radius`,
      );
  return lines.map((line) => `# strongswan.conf: ${line}`);
}

/** Users for EAP with a password; with a certificate there is nothing to write. */
function eapLines({ name, local }: ProfileDocument, withSecrets: boolean): string[] {
  return ROUNDS.flatMap((round) => {
    const auth = local[round];
    if (auth?.username === undefined || !byPassword(auth)) return [];
    const secret =
      withSecrets && auth.password !== undefined
        ? `    secret = ${quoted(auth.password)}`
        : '    # secret = "…": the password of the user';
    return [
      'secrets {',
      `  eap-${name.replaceAll('.', '-')} {`,
      `    id = ${quoted(auth.username)}`,
      secret,
      '  }',
      '}',
    ];
  });
}

function pskLines(
  document: ProfileDocument,
  ids: readonly (string | undefined)[],
  withSecrets: boolean,
): string[] {
  const own = document.local.auth.psk;
  if (own === undefined) return [];
  const owners = ids.filter((id) => id !== undefined).map((id, i) => `    id-${i + 1} = ${quoted(id)}`);
  const secret = withSecrets
    ? `    secret = ${/^0[xs]/i.test(own) ? own : quoted(own)}`
    : '    # secret = "…": the key that the profile has';
  return ['secrets {', `  ike-${document.name.replaceAll('.', '-')} {`, ...owners, secret, '  }', '}'];
}

export function exportGateway(document: ProfileDocument, extras: GatewayExtras): ExportedFile {
  const report = new ExportReport();
  const { local, remote, ike, esp } = document;
  const name = document.name.replaceAll('.', '-');
  const host = listOf(document.gateway.hosts)[0] ?? '%any';
  report.wrote('gateway.hosts', 'local.id', 'when the profile has no remote.id');
  const shared = local.auth.psk !== undefined;
  const methods = methodsOf(local.auth);
  const eap = local.auth.eap !== undefined;
  const gatewayId = remote?.id !== undefined && remote.id !== '%any' ? remote.id : host;
  const alone = remote?.auth === 'eap';
  const gatewayShared = (remote?.auth ?? (remote?.psk !== undefined || shared ? 'psk' : 'pubkey')) === 'psk';
  report.wrote('remote', 'local { }', 'the gateway is local on its own side');
  const secret = shared ? 'pre-shared key' : 'password';
  const hidden = !extras.withSecrets && (shared || local.auth.password !== undefined);
  report.wrote('local', 'remote { }', hidden ? `without the ${secret}` : undefined);
  if (local.auth2)
    report.wrote(
      'local.auth2',
      'remote-2 { }',
      !extras.withSecrets && local.auth2.password !== undefined ? 'without the password' : undefined,
    );
  const plugins = ROUNDS.flatMap((round) => pluginLines(report, round, local[round]));
  const method = eapWord(methods);
  if (remote?.aaaId !== undefined)
    report.lost('remote.aaaId', 'is what the certificate of the EAP server must say, wherever it runs');
  const lines = [
    '# The gateway for the profile; its certificate belongs in x509/, its key in private/, the CA in x509ca/.',
    ...plugins,
    'connections {',
    `  ${name} {`,
    '    version = 2',
    '    send_cert = always',
  ];
  if (ike?.proposals !== undefined) {
    lines.push(`    proposals = ${proposalTexts(ike.proposals, 'ike').join(', ')}`);
    report.wrote('ike.proposals', 'proposals');
  }
  if ((document.encapsulation ?? 'forced') === 'forced') lines.push('    encap = yes');
  report.wrote('encapsulation', 'encap');
  if (ike?.mobike !== undefined) {
    lines.push(`    mobike = ${ike.mobike ? 'yes' : 'no'}`);
    report.wrote('ike.mobike', 'mobike');
  }
  if (ike?.childless !== undefined) {
    const word = ike.childless === 'prefer' ? 'allow' : ike.childless;
    lines.push(`    childless = ${word}`);
    report.wrote('ike.childless', 'childless', word === ike.childless ? undefined : 'the gateway takes both');
  }
  const four = document.virtualIp?.ipv4 ?? true;
  const six = document.virtualIp?.ipv6 ?? true;
  const pools = [four ? `${name}-4` : '', six ? `${name}-6` : ''].filter((pool) => pool !== '');
  if (pools.length > 0) lines.push(`    pools = ${pools.join(', ')}`);
  report.wrote('virtualIp', 'pools');
  lines.push(
    '    local {',
    `      auth = ${alone ? method : gatewayShared ? 'psk' : 'pubkey'}`,
    ...(gatewayShared ? [] : ['      certs = gateway.pem']),
    `      id = ${quoted(gatewayId)}`,
    '    }',
    '    remote {',
    `      auth = ${eap ? method : shared ? 'psk' : 'pubkey'}`,
    ...(eap ? ['      eap_id = %any'] : shared ? [] : ['      cacerts = clients-ca.pem']),
    ...(local.id === undefined ? [] : [`      id = ${quoted(local.id)}`]),
    '    }',
    ...(local.auth2 === undefined
      ? []
      : [
          '    remote-2 {',
          `      auth = ${eapWord(methodsOf(local.auth2))}`,
          '      eap_id = %any',
          ...(local.id2 === undefined ? [] : [`      id = ${quoted(local.id2)}`]),
          '    }',
        ]),
    '    children {',
  );
  const everything = [four ? '0.0.0.0/0' : '', six ? '::/0' : ''].filter((text) => text !== '').join(', ');
  for (const [child, given] of Object.entries(document.children ?? { [document.name]: {} })) {
    const proposals = given.proposals ?? esp?.proposals;
    lines.push(
      `      ${child.replaceAll('.', '-')} {`,
      `        local_ts = ${selectors(given.remote, everything === '' ? 'dynamic' : everything)}`,
      ...(given.local === undefined ? [] : [`        remote_ts = ${selectors(given.local, 'dynamic')}`]),
      ...(proposals === undefined
        ? []
        : [`        esp_proposals = ${proposalTexts(proposals, 'esp').join(', ')}`]),
      '      }',
    );
  }
  report.wrote('children', 'children', 'local and remote change places');
  report.wrote('esp.proposals', 'esp_proposals');
  lines.push('    }', '  }', '}');
  if (pools.length > 0) {
    lines.push('pools {');
    const dns = listOf(document.dns?.servers);
    const family = (six: boolean): string => dns.filter((ip) => ip.includes(':') === six).join(', ');
    for (const [wanted, pool, addresses, servers] of [
      [four, `${name}-4`, extras.pool4 ?? POOL4, family(false)],
      [six, `${name}-6`, extras.pool6 ?? POOL6, family(true)],
    ] as const)
      if (wanted)
        lines.push(
          `  ${pool} {`,
          `    addrs = ${addresses}`,
          ...(servers === '' ? [] : [`    dns = ${servers}`]),
          '  }',
        );
    lines.push('}');
    report.wrote('dns.servers', 'pools.dns');
  }
  lines.push(...pskLines(document, [gatewayId, local.id], extras.withSecrets));
  lines.push(...eapLines(document, extras.withSecrets));
  for (const key of CLIENT_ONLY)
    if (document[key] !== undefined) report.lost(key, "what is left of it is the client's own affair");
  return { text: `${lines.join('\n')}\n`, report: report.lines };
}
