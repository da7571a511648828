/** Waits for traffic (strongSwan's trap): the data path counts packets for which there is no SA. */
import type { Millis } from '../base/brand.ts';
import { after, millis } from '../base/instant.ts';
import type { Scheduler } from './ports.ts';

/** How often a held tunnel looks whether traffic wants through. */
const POLL: Millis = millis(200);

/** Calls `sprung` once when `wanted` has grown. Returns how to call it off. */
export function setTrap(scheduler: Scheduler, wanted: () => number, sprung: () => void): () => void {
  const before = wanted();
  let cancel: () => void;
  const look = (): void => {
    if (wanted() > before) sprung();
    else cancel = scheduler.at(after(scheduler.now(), POLL), look);
  };
  cancel = scheduler.at(after(scheduler.now(), POLL), look);
  return () => cancel();
}
