/** How a question of a tunnel is named to people. */
import type { PromptSnapshot } from '../api/prompt.ts';

const WHAT = {
  password: 'password',
  passphrase: 'passphrase of the private key',
  'one-time-code': 'one-time code',
} as const;

/** `the password of carol`. */
export const promptName = ({ kind, user }: PromptSnapshot): string =>
  `the ${WHAT[kind]}${user === undefined ? '' : ` of ${user}`}`;
