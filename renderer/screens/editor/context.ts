/** The document under edit, for every field of the form. */
import { type Context, createContext, useContext } from 'react';
import type { Document } from '../../model/document.ts';
import type { Findings } from '../../model/profile-check.ts';

export interface Editing {
  readonly document: Document;
  readonly findings: Findings;
  /** Whether fields that were not touched yet show what is missing. */
  readonly strict: boolean;
  set(path: string, value: unknown): void;
}

export const EditingContext: Context<Editing | undefined> = createContext<Editing | undefined>(undefined);

export function useEditing(): Editing {
  const editing = useContext(EditingContext);
  if (!editing) throw new Error('a field stands outside the editor');
  return editing;
}
