/**
 * strongSwan's charon on one machine of the laboratory, with kernel-libipsec: its own configuration folder, its
 * own vici socket, and a file log that assertions read. Plays the gateway, and the client where Culvert is
 * compared with it.
 */
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ended, type Output, until } from './command.ts';
import type { Host } from './host.ts';
import { parseRaw, type RawSection, type Settings, settingsText } from './settings.ts';

export const PLUGINS: string =
  'random nonce openssl sha1 sha2 hmac aes gcm ccm ctr chapoly curve25519 gmp kdf cmac xcbc pem pkcs1 pkcs7 pkcs8 ' +
  'pkcs12 x509 pubkey constraints revocation md5 mgf1 fips-prf kernel-libipsec kernel-netlink socket-default ' +
  'updown resolve attr eap-identity eap-md5 eap-mschapv2 eap-gtc eap-tls eap-ttls eap-radius xauth-generic vici counters';

const DAEMON = ['usr/lib/ipsec', 'usr/libexec/ipsec', 'lib/ipsec', 'libexec/ipsec'].map((f) => `${f}/charon`);
const CONTROL = ['usr/sbin/swanctl', 'sbin/swanctl', 'usr/bin/swanctl', 'bin/swanctl'];

/** The command that runs one of these from the root of another system, which has its own libraries. */
function below(root: string, candidates: readonly string[]): string[] {
  const found = candidates.find((path) => existsSync(join(root, path)));
  if (found === undefined) throw new Error(`none of ${candidates.join(', ')} below ${root}`);
  return ['chroot', root, `/${found}`];
}

/** Shows the root what a daemon needs of this machine; the mounts are the machine's own, and end with it. */
const furnish = (host: Host, root: string): Promise<string> =>
  host.script([
    `mount -t proc proc ${root}/proc`,
    `mount -t sysfs sysfs ${root}/sys`,
    `mount --rbind /dev ${root}/dev`,
    `mount -t tmpfs tmpfs ${root}/run`,
    `mount -t tmpfs tmpfs ${root}/tmp`,
    `mkdir -p ${root}${host.folder}`,
    `mount --bind ${host.folder} ${root}${host.folder}`,
  ]);

/** Keeps charon's own UDP out of its own tun. */
const OUTER_MARK = '0x42';

export interface CharonOptions {
  /** Merged into `charon { }` of strongswan.conf, such as `retransmit_tries` or `cookie_threshold`. */
  readonly settings?: Settings;
  /** Another strongSwan than the machine's own: the root of a whole system, as debootstrap makes it. */
  readonly root?: string;
  /** Log level of the `ike` and `cfg` groups; 2 shows every payload by name. */
  readonly logLevel?: number;
}

/** Files below `swanctl/`, such as `x509/gw.pem`. */
export type CredentialFiles = Readonly<Record<string, string>>;

/** What swanctl lists about one IKE SA, names as in vici. */
export interface IkeSa {
  readonly name: string;
  readonly values: RawSection;
  readonly children: readonly { readonly name: string; readonly values: RawSection }[];
}

export class Charon {
  readonly host: Host;
  readonly folder: string;
  readonly logFile: string;
  readonly #process: ChildProcess;
  readonly #env: Record<string, string>;
  readonly #swanctl: readonly string[];

  private constructor(
    host: Host,
    folder: string,
    process: ChildProcess,
    env: Record<string, string>,
    swanctl: readonly string[],
  ) {
    this.#swanctl = swanctl;
    this.host = host;
    this.folder = folder;
    this.logFile = join(folder, 'charon.log');
    this.#process = process;
    this.#env = env;
  }

  static async start(host: Host, options: CharonOptions = {}): Promise<Charon> {
    const folder = join(host.folder, `${host.name}.charon`);
    for (const name of ['x509', 'x509ca', 'x509crl', 'private']) {
      mkdirSync(join(folder, 'swanctl', name), { recursive: true });
    }
    const { logLevel = 2, settings = {} } = options;
    writeFileSync(
      join(folder, 'strongswan.conf'),
      settingsText({ charon: charonSettings(folder, logLevel, settings) }),
    );
    const env = { STRONGSWAN_CONF: join(folder, 'strongswan.conf'), SWANCTL_DIR: join(folder, 'swanctl') };
    const { root } = options;
    if (root !== undefined) await furnish(host, root);
    const daemon = root === undefined ? ['/usr/lib/ipsec/charon'] : below(root, DAEMON);
    const process = host.spawn([...daemon, '--use-syslog'], {
      env,
      log: join(folder, 'charon.out'),
    });
    const control = root === undefined ? ['swanctl'] : below(root, CONTROL);
    const charon = new Charon(host, folder, process, env, control);
    await until(
      `charon on ${host.name}`,
      () => {
        if (process.exitCode !== null) throw new Error(`charon on ${host.name} ended:\n${charon.log()}`);
        return existsSync(join(folder, 'charon.vici'));
      },
      { interval: 10 },
    );
    return charon;
  }

  get pid(): number {
    return this.#process.pid as number;
  }

  /** Replaces all connections, secrets and pools, and the credential files. @throws Error when swanctl refuses */
  async load(conf: Settings, files: CredentialFiles = {}): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      const path = join(this.folder, 'swanctl', name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text, { mode: 0o600 });
    }
    writeFileSync(join(this.folder, 'swanctl', 'swanctl.conf'), settingsText(conf));
    await this.#must('--load-all', '--clear');
  }

  /** Every IKE SA with its CHILD_SAs. */
  async sas(): Promise<IkeSa[]> {
    const text = await this.#must('--list-sas', '--raw');
    return parseRaw(text, 'list-sa').flatMap((event) =>
      Object.entries(event).flatMap(([name, values]) => {
        if (typeof values !== 'object' || Array.isArray(values)) return [];
        return [{ name, values, children: children(values) }];
      }),
    );
  }

  /** Starts a CHILD_SA and its IKE SA; the exit code tells whether it came up. */
  initiate(child: string, timeout = 10): Promise<Output> {
    return this.swanctl('--initiate', '--child', child, '--timeout', String(timeout));
  }

  rekey(what: { readonly ike: string } | { readonly child: string }): Promise<string> {
    return this.#must('--rekey', ...('ike' in what ? ['--ike', what.ike] : ['--child', what.child]));
  }

  terminate(what: { readonly ike: string } | { readonly child: string }): Promise<Output> {
    return this.swanctl('--terminate', ...('ike' in what ? ['--ike', what.ike] : ['--child', what.child]));
  }

  /** Forgets all SAs without telling the peers. */
  async forget(): Promise<void> {
    for (const sa of await this.sas()) {
      await this.swanctl('--terminate', '--ike-id', String(sa.values.uniqueid), '--force', '--timeout', '-1');
    }
    await until('no SA left on the gateway', async () => (await this.sas()).length === 0);
  }

  swanctl(command: string, ...args: readonly string[]): Promise<Output> {
    return this.host.run([...this.#swanctl, command, ...args, '--uri', `unix://${this.folder}/charon.vici`], {
      env: this.#env,
    });
  }

  /** The whole log so far. */
  log(): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8') : '';
  }

  /** The log since a mark made by `log().length`. */
  logSince(mark: number): string {
    return this.log().slice(mark);
  }

  /** Ends without a word to any peer. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await ended(this.#process, 2_000);
    await this.host.run(['rm', '-f', join(this.folder, 'charon.vici')]);
  }

  /** Ends in order; peers get their deletes. */
  async stop(): Promise<void> {
    this.#process.kill('SIGTERM');
    await ended(this.#process, 5_000);
    await this.host.run(['rm', '-f', join(this.folder, 'charon.vici')]);
  }

  async #must(command: string, ...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.swanctl(command, ...args);
    if (code !== 0) throw new Error(`swanctl ${command} on ${this.host.name}: ${code}\n${stdout}${stderr}`);
    return stdout;
  }
}

function children(ike: RawSection): { name: string; values: RawSection }[] {
  const list = ike['child-sas'];
  if (typeof list !== 'object' || Array.isArray(list)) return [];
  return Object.values(list).flatMap((values) =>
    typeof values === 'object' && !Array.isArray(values) ? [{ name: String(values.name), values }] : [],
  );
}

function charonSettings(folder: string, logLevel: number, extra: Settings): Settings {
  return {
    load: PLUGINS,
    install_routes: 'yes',
    retransmit_timeout: '1.0',
    retransmit_tries: 4,
    keep_alive: 0,
    ...extra,
    filelog: {
      main: {
        path: join(folder, 'charon.log'),
        default: 1,
        ike: logLevel,
        cfg: logLevel,
        enc: 1,
        flush_line: 'yes',
        time_add_ms: 'yes',
        time_format: '%H:%M:%S',
      },
    },
    plugins: {
      vici: { socket: `unix://${folder}/charon.vici` },
      'kernel-libipsec': { allow_peer_ts: 'yes' },
      'kernel-netlink': { fwmark: `!${OUTER_MARK}` },
      'socket-default': { fwmark: OUTER_MARK },
      resolve: { file: join(folder, 'resolv.conf') },
      openssl: { load_legacy: 'yes' },
      // Checks the passwords of swanctl.conf, where the usual backend asks PAM.
      'eap-gtc': { backend: 'generic' },
      ...(typeof extra.plugins === 'object' ? extra.plugins : {}),
    },
  };
}
