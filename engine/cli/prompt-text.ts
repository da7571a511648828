/** How a question of a tunnel is named to people. */
import type { PromptSnapshot } from '../api/prompt.ts';

const WHAT = {
  password: 'password',
  passphrase: 'passphrase of the private key',
  'one-time-code': 'one-time code',
} as const;

/** `the password of carol`, and what it is for when not to connect. */
export function promptName({ kind, user, reason }: PromptSnapshot): string {
  const whose = user === undefined ? '' : ` of ${user}`;
  return `the ${WHAT[kind]}${whose}${reason === undefined ? '' : ', to authenticate again'}`;
}
