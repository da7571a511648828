/** Readers of single fields for `validate.ts`: each notes what is wrong under the field's path and goes on. */
import type { Millis } from '../base/brand.ts';
import { utf8, wipe } from '../base/bytes.ts';
import { minutes } from '../base/instant.ts';
import { canonicalIp, type Prefix, parsePrefix } from '../base/ip.ts';
import type { Result } from '../base/result.ts';
import { Secret } from '../base/secret.ts';
import {
  defaultProposals,
  type ProposalProtocol,
  type ProposalSpec,
  parseProposals,
} from '../crypto/proposals.ts';
import { parseDuration, parseFuzz, printDuration } from './lifetime.ts';
import type {
  ProfileLifetime,
  ProfileProblem,
  ProfileSelector,
  ProfileVolume,
  ProfileWarning,
} from './profile.ts';
import { parsePsk } from './psk.ts';
import type { DurationText, LifetimeDocument, TextList, VolumeDocument } from './schema.ts';
import { parseSelector } from './selectors.ts';

/** Collects problems and warnings while a document is read. */
export class Findings {
  readonly problems: ProfileProblem[] = [];
  readonly warnings: ProfileWarning[] = [];

  problem(path: string, message: string): void {
    this.problems.push({ path, message });
  }

  warn(path: string, message: string): void {
    this.warnings.push({ path, message });
  }

  /** The value, or the fallback after noting the problem. */
  take<T>(path: string, result: Result<T, string>, fallback: T): T {
    if (result.ok) return result.value;
    this.problem(path, result.error);
    return fallback;
  }
}

export function secretText(text: string): Secret {
  const bytes = utf8(text);
  const secret = new Secret(bytes);
  wipe(bytes);
  return secret;
}

/** Each item of a list with the path that names it. */
export function items(path: string, value: TextList | undefined): { path: string; text: string }[] {
  if (value === undefined) return [];
  const list = typeof value === 'string' ? value.split(',').map((text) => text.trim()) : value;
  if (list.length === 1 && typeof value === 'string') return [{ path, text: list[0] ?? '' }];
  return list.map((text, i) => ({ path: `${path}[${i}]`, text }));
}

export interface DurationBounds {
  readonly least: Millis;
  readonly most: Millis;
}

export function duration(
  found: Findings,
  path: string,
  value: DurationText | undefined,
  fallback: Millis,
  bounds: DurationBounds,
): Millis {
  if (value === undefined) return fallback;
  const parsed = parseDuration(value);
  if (!parsed.ok) {
    found.problem(path, parsed.error);
    return fallback;
  }
  if (parsed.value < bounds.least) found.problem(path, `is at least ${printDuration(bounds.least)}`);
  else if (parsed.value > bounds.most) found.problem(path, `is at most ${printDuration(bounds.most)}`);
  return parsed.value;
}

const MARGIN = minutes(9);

/** The share of a short lifetime that the default margin takes at most: with full fuzz half of it stays. */
const MARGIN_SHARE = 4;

export function lifetime(
  found: Findings,
  path: string,
  document: LifetimeDocument,
  fallback: Millis,
  bounds: DurationBounds,
): ProfileLifetime {
  const whole = duration(found, `${path}.lifetime`, document.lifetime, fallback, bounds);
  return spread(found, path, document, whole, bounds);
}

/** How long an authentication is good, with the margin and fuzz of the IKE SA; absent or 0: for ever. */
export function reauth(
  found: Findings,
  document: (LifetimeDocument & { readonly reauthTime?: DurationText | undefined }) | undefined,
  bounds: DurationBounds,
): ProfileLifetime | undefined {
  const none = 0 as Millis;
  const whole = duration(found, 'ike.reauthTime', document?.reauthTime, none, { ...bounds, least: none });
  return whole === 0 || document === undefined ? undefined : spread(found, 'ike', document, whole, bounds);
}

function spread(
  found: Findings,
  path: string,
  document: LifetimeDocument,
  whole: Millis,
  bounds: DurationBounds,
): ProfileLifetime {
  const usual = Math.min(MARGIN, Math.floor(whole / MARGIN_SHARE)) as Millis;
  const margin = duration(found, `${path}.margin`, document.margin, usual, {
    least: 0 as Millis,
    most: bounds.most,
  });
  const fuzz = document.fuzz === undefined ? 1 : found.take(`${path}.fuzz`, parseFuzz(document.fuzz), 1);
  if (margin >= whole)
    found.problem(
      `${path}.margin`,
      `is ${printDuration(margin)}, but the lifetime is only ${printDuration(whole)}`,
    );
  else if (margin * (1 + fuzz) >= whole)
    found.problem(
      `${path}.fuzz`,
      `spreads the margin of ${printDuration(margin)} over the whole lifetime of ${printDuration(whole)}: rekeying would begin at once`,
    );
  return { lifetime: whole, margin, fuzz };
}

/** A soft limit is the hard one less the margin, a tenth when none is given. */
export function volume(found: Findings, path: string, document: VolumeDocument): ProfileVolume {
  const soft = (unit: 'bytes' | 'packets', hard: number, margin: number | undefined): number => {
    if (margin !== undefined && hard === 0)
      found.problem(`${path}.margin${unit}`, `has no meaning without life${unit}`);
    else if (margin !== undefined && margin >= hard)
      found.problem(`${path}.margin${unit}`, `is ${margin}, but life${unit} is only ${hard}`);
    return hard === 0 ? 0 : Math.max(1, hard - (margin ?? Math.ceil(hard / 10)));
  };
  const hardBytes = document.lifebytes ?? 0;
  const hardPackets = document.lifepackets ?? 0;
  return {
    hardBytes,
    softBytes: soft('bytes', hardBytes, document.marginbytes),
    hardPackets,
    softPackets: soft('packets', hardPackets, document.marginpackets),
  };
}

export function proposals(
  found: Findings,
  path: string,
  value: TextList | undefined,
  protocol: ProposalProtocol,
): readonly ProposalSpec[] {
  if (value === undefined) return defaultProposals(protocol);
  const texts = typeof value === 'string' ? [{ path, text: value }] : items(path, value);
  const read = texts.flatMap((item) => {
    const parsed = parseProposals(item.text, protocol);
    if (parsed.ok) return parsed.value;
    const { token, reason } = parsed.error;
    found.problem(item.path, token === '' ? reason : `"${token.slice(0, 64)}" ${reason}`);
    return [];
  });
  if (texts.length === 0) found.problem(path, 'is empty');
  return read;
}

export function selectors(
  found: Findings,
  path: string,
  value: TextList | undefined,
  fallback: readonly (ProfileSelector | 'dynamic')[],
): readonly (ProfileSelector | 'dynamic')[] {
  if (value === undefined) return fallback;
  const list = items(path, value);
  if (list.length === 0) found.problem(path, 'is empty');
  return list.flatMap((item) => {
    const parsed = parseSelector(item.text);
    if (parsed.ok) return [parsed.value];
    found.problem(item.path, parsed.error);
    return [];
  });
}

export function psk(found: Findings, path: string, value: string): Secret | undefined {
  const parsed = parsePsk(value);
  if (!parsed.ok) {
    found.problem(path, parsed.error);
    return undefined;
  }
  if (parsed.value.warning !== undefined) found.warn(path, parsed.value.warning);
  return parsed.value.secret;
}

/** Host names (RFC 1123 §2.1) and addresses. */
export function hosts(found: Findings, path: string, value: TextList): readonly string[] {
  const list = items(path, value);
  if (list.length === 0) found.problem(path, 'is empty');
  return list.flatMap((item) => {
    const address = canonicalIp(item.text);
    if (address !== undefined) return [address];
    const dotted = /^[0-9.]+$/.test(item.text);
    const name =
      /^(?=.{1,253}\.?$)([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?$/;
    if (!dotted && name.test(item.text)) return [item.text];
    found.problem(item.path, `"${item.text.slice(0, 60)}" is not a host name or an address`);
    return [];
  });
}

export function addresses(found: Findings, path: string, value: TextList | undefined): readonly string[] {
  return items(path, value).flatMap((item) => {
    const address = canonicalIp(item.text);
    if (address === undefined) found.problem(item.path, `"${item.text.slice(0, 60)}" is not an address`);
    return address === undefined ? [] : [address];
  });
}

export function prefixes(found: Findings, path: string, value: TextList | undefined): readonly Prefix[] {
  return items(path, value).flatMap((item) => {
    const prefix = parsePrefix(item.text);
    if (!prefix) found.problem(item.path, `"${item.text.slice(0, 60)}" is not a prefix such as 10.0.0.0/8`);
    return prefix ? [prefix] : [];
  });
}
