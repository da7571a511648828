import type { Configuration } from 'electron-builder';

/** See `builder.mjs`. */
/** What the Linux packages place besides /opt/Culvert, as `FROM=TO`. */
export const SYSTEM_FILES: readonly string[];
/** The script of the Linux packages that electron-builder has no word for. */
export const BEFORE_REMOVE: string;
export const config: Configuration;
export default config;
