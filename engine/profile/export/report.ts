/** What an export in a foreign format took along, as the import reports it. `foreign` is the field written. */

import type { MappingLine } from '../import/mapping.ts';
import { isRecord } from '../inline.ts';
import type { ProfileDocument } from '../schema.ts';

export interface ExportedFile {
  readonly text: string;
  readonly report: readonly MappingLine[];
}

export class ExportReport {
  readonly lines: MappingLine[] = [];
  readonly #seen = new Set<string>(['name']);

  /** A field of ours was written as `foreign`; with `why` it was changed on the way. */
  wrote(ours: string, foreign: string, why?: string): void {
    this.#seen.add(ours);
    this.lines.push({
      kind: why === undefined ? 'taken' : 'changed',
      foreign,
      ours,
      ...(why === undefined ? {} : { why }),
    });
  }

  lost(ours: string, why: string): void {
    this.#seen.add(ours);
    this.lines.push({ kind: 'unmapped', foreign: '', ours, why });
  }

  /** Reports the fields that nobody wrote or gave up on. */
  rest(document: ProfileDocument): void {
    const walk = (value: unknown, path: string, depth: number): void => {
      if (value === undefined || [...this.#seen].some((seen) => path === seen || path.startsWith(`${seen}.`)))
        return;
      if (depth > 0 && isRecord(value))
        for (const [key, inner] of Object.entries(value))
          walk(inner, path === '' ? key : `${path}.${key}`, depth - 1);
      else this.lost(path, 'this format has no such setting');
    };
    walk(document, '', 3);
  }
}
