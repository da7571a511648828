/** Asks whose socket it is, in the way of the system. */
import type { Platform } from '../platform.ts';
import type { EngineLocation } from './location.ts';
import { checkSocketOwner, type OwnerVerdict } from './owner.ts';
import { checkPipeOwner } from './pipe-owner.ts';

export const checkEngineOwner = (
  platform: Platform,
  { socket, alsoOwnedBy }: EngineLocation,
): Promise<OwnerVerdict> =>
  platform === 'win32' ? checkPipeOwner(socket) : checkSocketOwner(socket, alsoOwnedBy);
