/** What the command line of the shell asks for: links and files to open, and how to start. */
import { extname, resolve } from 'node:path';
import { isDeepLink } from './deep-link.ts';

/** What the operating system opens with Culvert; the import screen takes more. */
export const ASSOCIATED: readonly string[] = ['.culvert', '.sswan', '.mobileconfig', '.p12'];

export interface Arguments {
  readonly links: readonly string[];
  /** Absolute paths. */
  readonly files: readonly string[];
  /** Started at login: no window. */
  readonly hidden: boolean;
  readonly quit: boolean;
}

/** `skip`: how many words at the head are the program itself. Unknown options are somebody else's: Chromium's. */
export function readArguments(argv: readonly string[], skip: number, workingDirectory: string): Arguments {
  const words = argv.slice(skip);
  const operands = words.filter((word) => word !== '' && !word.startsWith('-'));
  return {
    links: operands.filter(isDeepLink),
    files: operands
      .filter((word) => !isDeepLink(word) && ASSOCIATED.includes(extname(word).toLowerCase()))
      .map((word) => resolve(workingDirectory, word)),
    hidden: words.includes('--hidden'),
    quit: words.includes('--quit'),
  };
}
