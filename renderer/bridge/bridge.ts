/** The shell behind the window, as the preload script exposes it: the only way out of the renderer. */
import type { CulvertBridge } from '../../electron/bridge/contract.ts';

declare global {
  interface Window {
    readonly culvert: CulvertBridge;
  }
}

export const bridge: CulvertBridge = window.culvert;
