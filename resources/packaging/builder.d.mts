import type { Configuration } from 'electron-builder';

/** See `builder.mjs`. */
export const config: Configuration;
export default config;
