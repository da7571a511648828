/** The version of the contract between the engine and its clients; a client refuses an engine of another major. */
export const API_VERSION = { major: 1, minor: 0 } as const;

export interface ApiVersion {
  readonly major: number;
  readonly minor: number;
}
