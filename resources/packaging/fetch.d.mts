/** See `fetch.mjs`. */
export function verify(path: string, wanted: string): string;
