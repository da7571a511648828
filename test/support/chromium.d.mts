/** Path of a Chromium or Chrome on this machine: `CULVERT_CHROMIUM`, else where it usually is; or undefined. */
export function findChromium(): string | undefined;
