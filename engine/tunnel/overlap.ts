/** Whether two tunnels would want the same packets: then it would be chance which one gets them. Pure. */
import { compareIp } from '../base/ip.ts';
import type { Selector } from '../esp/params.ts';
import type { ChildConfig } from '../ike/contract.ts';
import { selectorText } from './selector-text.ts';

type Remote = Pick<ChildConfig, 'remote'>;

function meet(a: Selector, b: Selector): boolean {
  if (a.start.length !== b.start.length) return false;
  if (a.protocol !== 0 && b.protocol !== 0 && a.protocol !== b.protocol) return false;
  if (a.startPort > b.endPort || b.startPort > a.endPort) return false;
  return compareIp(a.start, b.end) <= 0 && compareIp(b.start, a.end) <= 0;
}

const fixed = (children: readonly Remote[]): Selector[] =>
  children.flatMap((child) => child.remote).filter((selector) => selector !== 'dynamic');

/** The first selectors of both that meet, as text; `undefined` when none do. */
export function overlap(
  ours: readonly Remote[],
  theirs: readonly Remote[],
): { readonly ours: string; readonly theirs: string } | undefined {
  for (const a of fixed(ours))
    for (const b of fixed(theirs)) if (meet(a, b)) return { ours: selectorText(a), theirs: selectorText(b) };
  return undefined;
}
