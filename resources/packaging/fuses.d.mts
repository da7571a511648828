import type { FuseV1Config } from '@electron/fuses';

/** See `fuses.mjs`. */
export const FUSES: FuseV1Config;
