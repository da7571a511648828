/** `Intl.DurationFormat`, which Chromium has and TypeScript's library does not know yet. */
declare namespace Intl {
  interface DurationParts {
    readonly days?: number;
    readonly hours?: number;
    readonly minutes?: number;
    readonly seconds?: number;
  }

  class DurationFormat {
    constructor(locale: string, options?: { readonly style?: 'long' | 'short' | 'narrow' | 'digital' });
    format(duration: DurationParts): string;
  }
}
