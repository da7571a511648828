/** See `engine-tree.mjs`. */
export const KOFFI_FILES: readonly string[];
export function makeEngineTree(options: {
  readonly platform: string;
  readonly arch: string;
  /** A Node executable in place of the pinned one. */
  readonly runtime?: string;
  readonly into?: string;
}): Promise<string>;
