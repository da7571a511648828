/** Which lines of the log are shown: by level, by subject, by words. */
import type { LogLine } from '../../engine/api/events.ts';

export const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof LEVELS)[number];

/** What a line is about, told by its words and its `topic`. */
export const SUBJECTS = ['all', 'message', 'notify', 'sa', 'host'] as const;
export type Subject = (typeof SUBJECTS)[number];

export interface LogFilter {
  readonly level: Level;
  readonly subject: Subject;
  readonly tunnel: string;
  readonly words: string;
}

export const lineText = (line: LogLine): string => {
  const fields = Object.entries(line.fields).map(([key, value]) => `${key}=${String(value)}`);
  return [line.message, ...fields].join(' ');
};

function isAbout(line: LogLine, subject: Subject): boolean {
  const topic = String(line.fields.topic ?? '');
  const { message } = line;
  switch (subject) {
    case 'all':
      return true;
    case 'message':
      return (
        topic === 'message' ||
        /\b(IKE_SA_INIT|IKE_AUTH|IKE_INTERMEDIATE|CREATE_CHILD_SA|INFORMATIONAL)\b/.test(message)
      );
    case 'notify':
      return topic === 'notify' || /\bN\(|notify/i.test(message);
    case 'sa':
      return (
        ['state', 'rekey', 'child', 'ike', 'liveness', 'path'].includes(topic) ||
        /\bSPI\b|_SA\b/.test(message)
      );
    case 'host':
      return topic === 'host' || /route|DNS|interface|address/i.test(message);
  }
}

export function passes(line: LogLine, filter: LogFilter): boolean {
  if (LEVELS.indexOf(line.level) < LEVELS.indexOf(filter.level)) return false;
  if (filter.tunnel !== '' && line.fields.tunnel !== filter.tunnel) return false;
  if (!isAbout(line, filter.subject)) return false;
  const words = filter.words.trim().toLowerCase();
  return words === '' || lineText(line).toLowerCase().includes(words);
}

/** As it is copied and saved. */
export const plainLine = (line: LogLine): string =>
  `${line.time} ${line.level.toUpperCase().padEnd(5)} ${lineText(line)}`;

/** The latest lines, without those that are there already; at most `most`. */
export function appendLines(
  before: readonly LogLine[],
  added: readonly LogLine[],
  most: number,
): readonly LogLine[] {
  const newest = before.at(-1)?.sequence ?? -1;
  // An engine that was started again counts from the beginning.
  const restarted = added.length > 0 && (added.at(-1)?.sequence ?? 0) < newest;
  const fresh = restarted ? added : added.filter((line) => line.sequence > newest);
  return [...(restarted ? [] : before), ...fresh].slice(-most);
}
