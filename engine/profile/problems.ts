/** Complaints of the schema as problems of a profile: a path that a person can follow, one sentence each. */
import type * as z from 'zod';
import type { ProfileProblem } from './profile.ts';

const MAX_PROBLEMS = 50;

/** `children.office.remote[1]`. */
export function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else text += `${text === '' ? '' : '.'}${String(key).slice(0, 64)}`;
  }
  return text;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<PropertyKey, unknown>)[key];
  }
  return at;
}

const JS_KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
};

const kindOf = (value: unknown): string =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'a list'
      : typeof value === 'object'
        ? 'an object'
        : (JS_KINDS[typeof value] ?? typeof value);

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  object: 'an object',
  record: 'an object',
  array: 'a list',
  boolean: 'true or false',
  number: 'a number',
  int: 'a whole number',
};

function sentence(issue: z.core.$ZodIssue, document: unknown): string {
  if (valueAt(document, issue.path) === undefined && issue.code !== 'unrecognized_keys') return 'is missing';
  if (issue.code === 'invalid_type' && issue.expected === 'int') return 'must be a whole number';
  if (issue.code === 'invalid_type')
    return `must be ${KINDS[issue.expected] ?? issue.expected}, not ${kindOf(valueAt(document, issue.path))}`;
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message;
  if (issue.code === 'invalid_union') {
    // The branch for the value's own type knows better what is wrong than the union does.
    const own = issue.errors.flat().find((inner) => inner.code !== 'invalid_type');
    return own ? `${own.path.length > 0 ? `${pathText(own.path)} ` : ''}${own.message}` : issue.message;
  }
  return issue.message;
}

export function shapeProblems(issues: readonly z.core.$ZodIssue[], document: unknown): ProfileProblem[] {
  return issues
    .slice(0, MAX_PROBLEMS)
    .map((issue) => ({ path: pathText(issue.path), message: sentence(issue, document) }));
}
