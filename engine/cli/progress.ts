/** What `up --wait` says while it goes on trying: each address that failed, with its reason, and when the next attempt is. */
import type { AttemptSnapshot } from '../api/attempt.ts';
import type { Snapshot, TunnelSnapshot } from '../api/snapshot.ts';
import { span } from './units.ts';

/** `[2001:db8::1]:4500`, or what there was before an address. */
export function attemptPlace({ address, port }: Pick<AttemptSnapshot, 'address' | 'port'>): string {
  if (address === undefined) return 'before an address was tried';
  const host = address.includes(':') ? `[${address}]` : address;
  return port === undefined ? address : `${host}:${port}`;
}

/** `attempt 2, 192.0.2.1:4500, after 8 s: NO_ANSWER: …`. */
export function attemptText(one: AttemptSnapshot): string {
  const took = one.durationMs === undefined ? '' : `, after ${span(one.durationMs / 1000)}`;
  const end = one.outcome === 'failed' ? `${one.code ?? 'failed'}: ${one.message ?? ''}` : one.outcome;
  return `attempt ${one.number}, ${attemptPlace(one)}${took}: ${end}`;
}

const failures = (attempts: readonly AttemptSnapshot[]): string[] =>
  attempts.filter((one) => one.outcome === 'failed').map(attemptText);

/** Says what is new in each snapshot of one tunnel. */
export class Progress {
  readonly #name: string;
  readonly #say: (line: string) => void;
  #said: string | undefined;
  #looked = false;
  #waited = 0;

  constructor(name: string, say: (line: string) => void) {
    this.#name = name;
    this.#say = say;
  }

  look({ tunnels }: Pick<Snapshot, 'tunnels'>): void {
    const tunnel = tunnels.find(({ name }) => name === this.#name);
    // What is there at the first look belongs to an earlier `up`.
    if (tunnel && this.#looked) {
      this.#attempts(tunnel);
      this.#wait(tunnel);
    } else this.#said = failures(tunnel?.recentAttempts ?? []).at(-1);
    this.#looked = true;
  }

  #attempts({ recentAttempts, secondsToRetry }: TunnelSnapshot): void {
    // The failure that ends it all is the command's own.
    if (secondsToRetry === undefined && recentAttempts.at(-1)?.outcome !== 'trying') return;
    const failed = failures(recentAttempts);
    // What was said may have left the list, which is bounded.
    for (const line of failed.slice(this.#said === undefined ? 0 : failed.lastIndexOf(this.#said) + 1))
      this.#say(line);
    this.#said = failed.at(-1) ?? this.#said;
  }

  #wait({ attempts, secondsToRetry }: TunnelSnapshot): void {
    if (secondsToRetry === undefined || attempts === this.#waited) return;
    this.#waited = attempts;
    this.#say(`the next attempt is in ${span(secondsToRetry)}; interrupt to give up`);
  }
}
