/** Children of a connection in `swanctl.conf`, and how swanctl's lifetimes are written here (swanctl.conf(5)). */
import type { Millis } from '../../base/brand.ts';
import { parseDuration, printDuration } from '../lifetime.ts';
import { importInactivity, importStart } from './inactivity.ts';
import { Fields, type Mapping, NO_COMMANDS, quote } from './mapping.ts';
import type { ConfSection } from './strongswan-conf.ts';

const FIXED = 'has no effect in Culvert';
const CHILD: Readonly<Record<string, string>> = {
  ah_proposals: 'cannot be mapped: there is no AH',
  sha256_96: 'cannot be mapped',
  updown: NO_COMMANDS,
  hostaccess: FIXED,
  policies: FIXED,
  ipcomp: 'cannot be mapped: packets are not compressed',
  close_action: 'the engine tries again by itself',
  reqid: FIXED,
  priority: FIXED,
  interface: FIXED,
  mark_in: FIXED,
  mark_out: FIXED,
  set_mark_in: FIXED,
  set_mark_out: FIXED,
  if_id_in: FIXED,
  if_id_out: FIXED,
  label: 'cannot be mapped',
  tfc_padding: 'cannot be mapped',
  hw_offload: FIXED,
  copy_df: FIXED,
};

/** `over` and `rand` around a soft limit, as one lifetime with margin and fuzz. */
export function lifetime(
  mapping: Mapping,
  from: Fields,
  path: readonly string[],
  hardKey: string,
  hardOf: (soft: number, over: number | undefined) => number,
): void {
  const read = (key: string): number | undefined => {
    const text = from.take(key);
    const parsed = text === undefined ? undefined : parseDuration(text);
    if (parsed && !parsed.ok) mapping.unmapped(from.at(key), parsed.error);
    return parsed?.ok ? parsed.value / 1000 : undefined;
  };
  const [soft, over, rand] = [read('rekey_time'), read(hardKey), read('rand_time')];
  if (soft === undefined && over === undefined) {
    if (rand !== undefined) mapping.unmapped(from.at('rand_time'), 'has no meaning without rekey_time');
    return;
  }
  if (soft === 0) {
    mapping.unmapped(
      from.at('rekey_time'),
      'cannot be mapped: SAs are always rekeyed',
      path.concat('lifetime').join('.'),
    );
    return;
  }
  const begins = soft ?? Math.floor((over ?? 0) / 1.1);
  const hard = Math.max(hardOf(begins, over), begins + 1);
  const margin = hard - begins;
  const text = (seconds: number): string => printDuration((Math.round(seconds) * 1000) as Millis);
  const why = 'a hard end and a margin before it, instead of a soft limit';
  mapping.set(from.at(soft === undefined ? hardKey : 'rekey_time'), [...path, 'lifetime'], text(hard), why);
  mapping.set(from.at(hardKey), [...path, 'margin'], text(margin), why);
  if (rand !== undefined) {
    const fuzz = Math.round((100 * rand) / margin) / 100;
    mapping.set(
      from.at('rand_time'),
      [...path, 'fuzz'],
      Math.min(fuzz, Math.max(0, Math.floor((hard / margin - 1.01) * 100) / 100)),
      why,
    );
  }
}

export function importChild(
  mapping: Mapping,
  name: string,
  section: ConfSection,
  prefix: string,
  encapsulated: string,
): void {
  const from = new Fields(section.values, `${prefix}${name}.`);
  const path = ['children', encapsulated];
  mapping.set(`${prefix}${name}`, path, {});
  const mode = from.take('mode');
  if (mode !== undefined && mode !== 'tunnel')
    mapping.unmapped(from.at('mode'), `cannot be mapped: ${quote(mode)} is not tunnel mode`);
  else if (mode !== undefined) mapping.same(from.at('mode'), path.join('.'));
  for (const [key, ours] of [
    ['local_ts', 'local'],
    ['remote_ts', 'remote'],
  ] as const) {
    const list = from.list(key);
    if (list.length > 0) mapping.set(from.at(key), [...path, ours], list);
  }
  // strongSwan's default for both is the host itself.
  if (from.take('remote_ts') === undefined)
    mapping.unmapped(
      from.at('remote_ts'),
      'is missing: strongSwan means the gateway alone, here it means everything',
      [...path, 'remote'].join('.'),
    );
  mapping.proposals(from.at('esp_proposals'), [...path, 'proposals'], from.list('esp_proposals'), 'esp');
  lifetime(mapping, from, path, 'life_time', (soft, hard) => hard ?? soft * 1.1);
  for (const unit of ['bytes', 'packets'] as const) {
    const [soft, hard] = [from.take(`rekey_${unit}`), from.take(`life_${unit}`)].map((t) =>
      t !== undefined && /^[0-9]{1,15}$/.test(t) ? Number(t) : undefined,
    );
    const limit = hard ?? (soft === undefined || soft === 0 ? undefined : Math.ceil(soft * 1.1));
    if (limit !== undefined && limit > 0) {
      mapping.set(
        from.at(hard === undefined ? `rekey_${unit}` : `life_${unit}`),
        [...path, `life${unit}`],
        limit,
      );
      if (soft !== undefined && soft < limit && soft > 0)
        mapping.set(
          from.at(`rekey_${unit}`),
          [...path, `margin${unit}`],
          limit - soft,
          'a margin before the hard limit',
        );
    }
    if (from.take(`rand_${unit}`) !== undefined)
      mapping.unmapped(from.at(`rand_${unit}`), 'cannot be mapped');
  }
  const window = from.take('replay_window');
  if (window !== undefined && /^[0-9]{1,5}$/.test(window)) {
    const rounded = Math.ceil(Number(window) / 32) * 32;
    mapping.set(
      from.at('replay_window'),
      [...path, 'replayWindow'],
      rounded,
      rounded === Number(window) ? undefined : 'a multiple of 32',
    );
  }
  const dscp = from.take('copy_dscp');
  if (dscp === 'out' || dscp === 'in' || dscp === 'yes' || dscp === 'no')
    mapping.set(from.at('copy_dscp'), [...path, 'copyDscp'], dscp);
  else if (dscp !== undefined)
    mapping.unmapped(from.at('copy_dscp'), `cannot be mapped: ${quote(dscp)} is not out, in, yes or no`);
  const ecn = from.take('copy_ecn');
  if (ecn !== undefined) mapping.set(from.at('copy_ecn'), [...path, 'copyEcn'], ecn !== 'no');
  importInactivity(mapping, from, path);
  importStart(mapping, from);
  const action = from.take('dpd_action');
  if (action !== undefined)
    mapping.set(
      from.at('dpd_action'),
      'dpd.action',
      action === 'trap' ? 'hold' : action === 'start' ? 'restart' : action,
      action === 'trap' || action === 'start' ? 'by its older name' : undefined,
    );
  from.pass(mapping, CHILD);
  from.rest(mapping);
}
