/** What administrators hand out, made with OpenSSL and by hand; imported through the CLI and connected. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, type Output } from './command.ts';
import { ADDRESS } from './lab.ts';
import type { Credential } from './pki.ts';
import { ping } from './probe.ts';
import { GATEWAY_ID, TUNNEL } from './profile.ts';
import type { Stage } from './stage.ts';

export const PASSPHRASE = 'öpen sesame';

/** A folder of files for one scenario. */
export class Handout {
  readonly #stage: Stage;
  readonly #folder: string;
  readonly passphrase: string;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#folder = join(stage.lab.folder, 'handout');
    mkdirSync(this.#folder, { recursive: true });
    this.passphrase = this.write('passphrase', `${PASSPHRASE}\n`);
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  write(name: string, content: string | Uint8Array): string {
    writeFileSync(this.path(name), content, { mode: 0o600 });
    return this.path(name);
  }

  /** `openssl pkcs12 -export` of a credential and the CAs that go with it. */
  async pkcs12(
    name: string,
    own: Credential,
    cas: readonly string[],
    more: readonly string[] = [],
  ): Promise<string> {
    const [certificate, key, file] = [
      this.write(`${name}.cert`, own.certificate),
      this.write(`${name}.key`, own.key),
      this.write(`${name}.cas`, [...own.issuers, ...cas].join('')),
    ];
    const out = this.path(name);
    await must('openssl', [
      ...['pkcs12', '-export', '-in', certificate, '-inkey', key, '-certfile', file, '-out', out],
      ...['-name', 'Lab client', '-passout', `pass:${PASSPHRASE}`, ...more],
    ]);
    return out;
  }

  /** `culvert import` under the name of every lab tunnel. */
  import(...args: readonly string[]): Promise<Output> {
    return this.#stage.culvert.cli(['import', '--name', TUNNEL, '--replace', ...args], 60_000);
  }

  /** Imports, connects by the stored name, pings through the tunnel and disconnects. */
  async connects(...args: readonly string[]): Promise<string> {
    const imported = await this.import(...args);
    assert.equal(imported.code, 0, `${imported.stdout}${imported.stderr}`);
    assert.match(imported.stdout, /\nstored lab\n$/);
    assert.doesNotMatch(imported.stdout, /PRIVATE KEY/);
    await this.up();
    return imported.stdout;
  }

  /** Connects the stored profile, pings, and disconnects. */
  async up(): Promise<void> {
    const stage = this.#stage;
    const up = await stage.culvert.cli(['up', TUNNEL, '--wait', '--json'], 60_000);
    assert.equal(up.code, 0, `${up.stdout}${up.stderr}`);
    assert.equal((await stage.sa()).values.state, 'ESTABLISHED');
    const { missing } = await ping(stage.lab.client, ADDRESS.lan, { count: 3 });
    assert.deepEqual(missing, [], 'pings without answer');
    await stage.disconnect();
  }
}

/** For bundles that say nothing of the gateway. */
export const TO_GATEWAY = ['--gateway', ADDRESS.gw, '--remote-id', GATEWAY_ID] as const;

export const der = (pem: string): Buffer => Buffer.from(pem.replace(/-----[^-]+-----|\s+/g, ''), 'base64');
