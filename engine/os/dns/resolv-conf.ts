/** The text of resolv.conf (resolv.conf(5)). Pure. */

const HEADER = '# Written by Culvert while a tunnel is up; what was here before comes back afterwards.';

/** A resolv.conf with our servers that keeps the search list and the options of `before`. */
export function resolvConf(servers: readonly string[], before: string): string {
  const kept = before.split('\n').filter((line) => /^\s*(search|domain|options|sortlist)\s/.test(line));
  return `${[HEADER, ...servers.map((s) => `nameserver ${s}`), ...kept].join('\n')}\n`;
}

/** `writing` over `over` in place, cut short before the file was truncated to its new length. */
function isTorn(now: Uint8Array, writing: Uint8Array, over: Uint8Array): boolean {
  if (now.length !== over.length || over.length <= writing.length) return false;
  return now.every((octet, i) => octet === (i < writing.length ? writing[i] : over[i]));
}

/**
 * True when the file is what we made of it: exactly `after`, or either in-place write cut short by a crash, of
 * `after` over `before` or of `before` over `after`.
 */
export function isOurs(now: Uint8Array, before: Uint8Array, after: Uint8Array): boolean {
  const whole = now.length === after.length && now.every((octet, i) => octet === after[i]);
  return whole || isTorn(now, after, before) || isTorn(now, before, after);
}
