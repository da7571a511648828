/** See `pins.mjs`. */
export interface Pin {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
}
export const NODE_VERSION: string;
export const KOFFI_VERSION: string;
export const TARGETS: Readonly<Record<string, { readonly node: Pin; readonly koffi: Pin }>>;
export const WINTUN: Readonly<Record<'url' | 'sha256' | 'entry' | 'dllSha256' | 'licence', string>>;
