/** What goes wrong on the way: loss in the router, and routers that drop IP fragments. */
import type { Lab } from './lab.ts';

/**
 * Drops every `one in n`-th packet that the router forwards, in either direction, and gives back how to stop.
 * The kernel counts, so that a run is the same each time.
 */
export async function lose(lab: Lab, oneIn: number): Promise<() => Promise<void>> {
  const rule = (link: string) =>
    `nft add rule inet loss forward iifname ${link} meta l4proto udp numgen inc mod ${oneIn} 0 counter drop`;
  await lab.nat.script([
    'nft add table inet loss',
    "nft 'add chain inet loss forward { type filter hook forward priority 0; }'",
    rule('wan0'),
    rule('client'),
  ]);
  return async () => {
    await lab.nat.script(['nft delete table inet loss']);
  };
}

/** Drops every IP fragment before anything can put it together again. */
export async function dropIpFragments(lab: Lab): Promise<void> {
  await lab.nat.script([
    'nft add table ip fragments',
    "nft 'add chain ip fragments in { type filter hook prerouting priority -450; }'",
    "nft 'add rule ip fragments in ip frag-off & 0x3fff != 0 counter drop'",
  ]);
}
