/**
 * The server's side of EAP-TLS, EAP-TTLS and PEAP for tests: a real TLS server of node:tls over two buffers, with
 * fragments and second phases of its own.
 */
import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { createServer, type TLSSocket } from 'node:tls';
import { concat, equalBytes, fromUtf8, readU32, u32, utf8 } from '../../../../engine/base/bytes.ts';
import { Secret } from '../../../../engine/base/secret.ts';
import { readAvps, writeAvp } from '../../../../engine/ike/eap/avp.ts';
import type { SimpleName } from '../../../../engine/ike/eap/method.ts';
import {
  authenticatorResponse,
  ntResponse,
  passwordHashes,
} from '../../../../engine/ike/eap/mschapv2-hashes.ts';
import { EapCode, EapType, readEapPacket, writeEapPacket } from '../../../../engine/ike/eap/packet.ts';
import {
  bindingKeys,
  boundMsk,
  compoundMac,
  innerSessionKey,
} from '../../../../engine/ike/eap/peap-binding.ts';
import { EapServer } from '../../../../engine/ike/eap/server.ts';
import type { TlsVersion } from '../../../../engine/ike/eap/tls-steps.ts';
import { seededRandom } from '../../../sim/configs.ts';
import type { Issued } from '../../pki/fixtures.ts';
import { sha1 } from './sha1.ts';

export interface ServerWishes {
  readonly type: 13 | 21 | 25;
  readonly own: Issued;
  readonly chain?: readonly Issued[];
  /** CA of clients; demands a certificate. */
  readonly clients?: Issued;
  readonly version?: TlsVersion;
  /** Octets of TLS in one packet. */
  readonly fragment?: number;
  readonly phase2?: 'pap' | 'mschapv2' | SimpleName;
  readonly username?: string;
  readonly password?: string;
  /** A cryptographic binding of PEAP: asked for, or asked for with a wrong MAC. */
  readonly binding?: 'right' | 'wrong';
  /** Whether EAP-TLS 1.3 says that all is well. */
  readonly silent?: boolean;
  /** Changes a request before it is sent. */
  readonly spoil?: (data: Uint8Array, nth: number) => Uint8Array;
}

class Wire extends Duplex {
  out: Uint8Array[] = [];
  override _read(): void {
    // Pushed from outside.
  }
  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.out.push(chunk);
    done();
  }
}

const NONE = new Uint8Array(0);
const context = { sha1, random: seededRandom('tls server') };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class TlsServer {
  readonly #wishes: ServerWishes;
  readonly #wire = new Wire();
  #connected: TLSSocket | undefined;
  #identifier = 10;
  #requests = 0;
  #in: Uint8Array[] = [];
  #out: Uint8Array = NONE;
  #first = false;
  #plain: Uint8Array[] = [];
  #secure = false;
  #failed = false;
  #ending: 'success' | 'failure' | undefined;
  #inner: EapServer | undefined;
  #innerAsked: Uint8Array = NONE;
  #innerMsk: Uint8Array | undefined;
  #resultSent = false;
  /** What came out, once it has ended well. */
  msk: Uint8Array | undefined;
  /** Certificates that the client has shown. */
  clientSubject: string | undefined;
  /** Largest packet and number of packets that came. */
  largest = 0;
  packets = 0;
  identity = '';

  constructor(wishes: ServerWishes) {
    this.#wishes = wishes;
    const { own, clients, version, chain = [] } = wishes;
    const server = createServer({
      key: own.keyPem,
      cert: [own, ...chain].map((c) => c.pem).join('\n'),
      ...(clients ? { ca: [clients.pem] } : {}),
      ...(version ? { minVersion: version, maxVersion: version } : {}),
      requestCert: clients !== undefined,
      rejectUnauthorized: false,
    });
    server.on('secureConnection', (socket) => {
      this.#secure = true;
      this.#connected = socket;
      if (clients && !socket.authorized) this.#failed = true;
      const subject = socket.getPeerCertificate()?.subject;
      this.clientSubject = subject && String(subject.CN);
      socket.on('data', (data: Uint8Array) => this.#plain.push(data));
      socket.on('error', () => {
        this.#failed = true;
      });
    });
    server.on('tlsClientError', () => {
      this.#failed = true;
    });
    server.emit('connection', this.#wire);
  }

  get #socket(): TLSSocket {
    assert.ok(this.#connected, 'the handshake is over');
    return this.#connected;
  }

  start(): Uint8Array {
    return this.#request(EapType.IDENTITY, NONE);
  }

  close(): void {
    this.#connected?.destroy();
    this.#wire.destroy();
  }

  async take(bytes: Uint8Array): Promise<Uint8Array> {
    const packet = readEapPacket(bytes);
    assert.ok(packet && 'type' in packet && packet.code === EapCode.RESPONSE);
    assert.equal(packet.identifier, this.#identifier);
    this.packets++;
    if (packet.type === EapType.IDENTITY) {
      this.identity = fromUtf8(packet.data);
      return this.#request(this.#wishes.type, Uint8Array.of(0x20));
    }
    assert.equal(packet.type, this.#wishes.type);
    return this.#tls(packet.data);
  }

  async #tls(data: Uint8Array): Promise<Uint8Array> {
    const flags = data[0] as number;
    this.largest = Math.max(this.largest, data.length);
    const octets = data.subarray(flags & 0x80 ? 5 : 1);
    if (flags & 0x80) this.#in = [u32(readU32(data, 1))];
    if (flags & 0x40) {
      this.#in.push(octets);
      return this.#request(this.#wishes.type, Uint8Array.of(0));
    }
    if (this.#out.length > 0) {
      assert.equal(octets.length, 0, 'an acknowledgement is empty');
      return this.#fragment();
    }
    const [announced, ...parts] = this.#in;
    const whole = announced ? concat(...parts, octets) : octets;
    if (announced) assert.equal(whole.length, readU32(announced, 0));
    this.#in = [];
    if (this.#ending) return this.#end(this.#ending);
    if (this.#failed) return this.#end('failure');
    if (whole.length > 0) this.#wire.push(whole);
    const before = this.#secure;
    for (let i = 0; i < 4; i++) await turn();
    if (this.#failed) this.#ending = 'failure';
    else if (this.#secure) await this.#inside(before || whole.length === 0);
    return this.#flush();
  }

  /** @param ready whether our own end of the handshake is already with the client */
  async #inside(ready: boolean): Promise<void> {
    const plain = concat(...this.#plain.splice(0));
    const step = this.#phase(plain, ready);
    if (step.length > 0) this.#socket.write(step);
    await turn();
    await turn();
  }

  #phase(plain: Uint8Array, ready: boolean): Uint8Array {
    const { type, phase2 } = this.#wishes;
    if (type === EapType.TLS) return this.#eapTls();
    if (type === EapType.PEAP) return this.#peap(plain, ready);
    if (plain.length === 0) return NONE;
    const avps = readAvps(plain);
    assert.ok(avps);
    const get = (code: number, vendor = 0): Uint8Array => {
      const found = avps.find((a) => a.code === code && a.vendor === vendor);
      assert.ok(found?.mandatory, `attribute ${code}`);
      return found.data;
    };
    if (phase2 === 'pap') {
      const padded = get(2);
      assert.equal(padded.length % 16, 0);
      const right = fromUtf8(padded).replace(/\0+$/, '') === this.#password;
      this.#ending = right && fromUtf8(get(1)) === this.#username ? 'success' : 'failure';
      return NONE;
    }
    if (phase2 === 'mschapv2' && !avps.some((a) => a.code === 79))
      return this.#chap(get(1), get(11, 311), get(25, 311));
    return this.#innerAvp(get(79));
  }

  #eapTls(): Uint8Array {
    this.#ending = 'success';
    const says = this.#socket.getProtocol() === 'TLSv1.3' && this.#wishes.silent !== true;
    return says ? Uint8Array.of(0) : NONE;
  }

  #chap(name: Uint8Array, challenge: Uint8Array, answer: Uint8Array): Uint8Array {
    const material = this.#export('ttls challenge', 17);
    assert.deepEqual(challenge, material.subarray(0, 16));
    assert.equal(answer[0], material[16]);
    const hashes = passwordHashes({ password: new Secret(utf8(this.#password)) });
    const challenges = { server: challenge, peer: answer.slice(2, 18) };
    const username = fromUtf8(name);
    const response = ntResponse(sha1, challenges, username, hashes);
    const right = equalBytes(response, answer.slice(26, 50));
    this.#ending = right ? 'success' : 'failure';
    const text = right
      ? authenticatorResponse(sha1, challenges, username, hashes, response)
      : 'E=691 R=0 C=0 V=3 M=no';
    const data = concat(answer.subarray(0, 1), utf8(text));
    return writeAvp({ code: right ? 26 : 2, vendor: 311, mandatory: true, data });
  }

  #innerAvp(packet: Uint8Array): Uint8Array {
    const answer = this.#innerTake(packet);
    if (answer[0] === EapCode.SUCCESS || answer[0] === EapCode.FAILURE) {
      this.#ending = answer[0] === EapCode.SUCCESS ? 'success' : 'failure';
      return NONE;
    }
    return writeAvp({ code: 79, vendor: 0, mandatory: true, data: answer });
  }

  #innerTake(packet: Uint8Array): Uint8Array {
    if (!this.#inner) {
      const methods = [this.#wishes.phase2 as SimpleName];
      const password = (name: string) =>
        name === this.#username ? new Secret(utf8(this.#password)) : undefined;
      this.#inner = new EapServer({ methods, password }, context);
      this.#innerAsked = this.#inner.start();
    }
    const copy = packet.slice();
    copy[1] = this.#innerAsked[1] as number;
    const verdict = this.#inner.take(copy);
    this.#innerAsked = verdict.packet;
    if (verdict.kind === 'success') this.#innerMsk = verdict.msk;
    return verdict.packet;
  }

  #peap(plain: Uint8Array, ready: boolean): Uint8Array {
    if (plain.length === 0) return ready && !this.#inner ? Uint8Array.of(EapType.IDENTITY) : NONE;
    if (this.#resultSent) {
      this.#ending = plain[10] === 1 ? 'success' : 'failure';
      return NONE;
    }
    const header = Uint8Array.of(EapCode.RESPONSE, 0, 0, plain.length + 4);
    const answer = this.#innerTake(concat(header, plain));
    if (answer[0] !== EapCode.SUCCESS && answer[0] !== EapCode.FAILURE) {
      // A packet in the tunnel has the identifier of the one around it.
      this.#identifier = (answer[1] as number) - 1;
      return answer.slice(4);
    }
    this.#resultSent = true;
    const result = Uint8Array.of(0x80, 3, 0, 2, 0, answer[0] === EapCode.SUCCESS ? 1 : 2);
    const tlvs = this.#wishes.binding ? concat(result, this.#binding()) : result;
    return writeEapPacket({ code: EapCode.REQUEST, identifier: 77, type: 33, data: tlvs });
  }

  #binding(): Uint8Array {
    const value = concat(Uint8Array.of(0, 0, 0, 0), new Uint8Array(32).fill(5), new Uint8Array(20));
    const tlv = concat(Uint8Array.of(0, 12, 0, value.length), value);
    tlv.set(compoundMac(sha1, this.#bindingKeys(), tlv), 40);
    if (this.#wishes.binding === 'wrong') tlv[59] = (tlv[59] as number) ^ 1;
    return tlv;
  }

  #bindingKeys(): ReturnType<typeof bindingKeys> {
    const isk = innerSessionKey(this.#innerMsk);
    return bindingKeys(sha1, this.#key(), isk);
  }

  #key(): Uint8Array {
    const { type } = this.#wishes;
    if (this.#socket.getProtocol() === 'TLSv1.3')
      return this.#export('EXPORTER_EAP_TLS_Key_Material', 128, Uint8Array.of(type)).slice(0, 64);
    const label = type === EapType.TTLS ? 'ttls keying material' : 'client EAP encryption';
    return this.#export(label, 128).slice(0, 64);
  }

  #export(label: string, length: number, about?: Uint8Array): Uint8Array {
    const give = this.#socket.exportKeyingMaterial as (l: number, t: string, c?: Buffer) => Buffer;
    const key = about
      ? give.call(this.#socket, length, label, Buffer.from(about))
      : give.call(this.#socket, length, label);
    return Uint8Array.from(key);
  }

  #end(how: 'success' | 'failure'): Uint8Array {
    if (how === 'success') {
      this.msk = this.#wishes.binding ? boundMsk(sha1, this.#bindingKeys()) : this.#key();
    }
    const code = how === 'success' ? EapCode.SUCCESS : EapCode.FAILURE;
    return writeEapPacket({ code, identifier: this.#identifier });
  }

  #flush(): Uint8Array {
    this.#out = concat(...this.#wire.out.splice(0));
    if (this.#out.length === 0 && this.#ending) return this.#end(this.#ending);
    this.#first = true;
    return this.#fragment();
  }

  #fragment(): Uint8Array {
    const size = this.#wishes.fragment ?? 1000;
    const part = this.#out.subarray(0, size);
    const more = this.#out.length > size;
    const length = this.#first && more ? u32(this.#out.length) : NONE;
    const flags = (length.length > 0 ? 0x80 : 0) | (more ? 0x40 : 0);
    this.#first = false;
    this.#out = this.#out.subarray(size);
    return this.#request(this.#wishes.type, concat(Uint8Array.of(flags), length, part));
  }

  #request(type: number, data: Uint8Array): Uint8Array {
    this.#identifier = (this.#identifier + 1) & 0xff;
    const sent = this.#wishes.spoil?.(data, this.#requests++) ?? data;
    return writeEapPacket({ code: EapCode.REQUEST, identifier: this.#identifier, type, data: sent });
  }

  get #username(): string {
    return this.#wishes.username ?? 'carol';
  }

  get #password(): string {
    return this.#wishes.password ?? 'Ar3etTnp, ünïcode';
  }
}
