/** The user's answers on their way from the API: checked, handed to the question they belong to, kept where wished. */
import { ApiError, localFailure } from '../api/failure.ts';
import { type AnswerParams, MAX_ANSWER } from '../api/prompt.ts';
import { utf8, wipe } from '../base/bytes.ts';
import { Secret } from '../base/secret.ts';
import { isRecord } from '../profile/inline.ts';
import type { ProfileStorage } from '../profile/storage.ts';
import type { Tunnel } from './tunnel.ts';
import type { Keepsake } from './user-secrets.ts';

/** @throws ApiError `NOT_FOUND` when the question stands no longer, `USAGE` for an answer that cannot be one */
export function giveAnswer(tunnel: Tunnel, { name, prompt, answer, store = false }: AnswerParams): void {
  const standing = tunnel.prompt.snapshot();
  if (standing?.id !== prompt)
    throw new ApiError(localFailure('NOT_FOUND', `question ${prompt} of ${name} stands no longer`));
  if (store && !standing.storable) {
    const why = standing.kind === 'one-time-code' ? 'a one-time code' : 'this answer';
    throw new ApiError(localFailure('USAGE', `answer: ${why} cannot be kept`));
  }
  const bytes = utf8(answer);
  const secret = new Secret(bytes);
  wipe(bytes);
  if (secret.length === 0 || secret.length > MAX_ANSWER) {
    secret.wipe();
    throw new ApiError(localFailure('USAGE', `answer: must have 1 to ${MAX_ANSWER} octets`));
  }
  if (!tunnel.prompt.answer(prompt, secret, store)) secret.wipe();
}

/** Puts an answer that has proved right into the stored profile. @returns what happened, for the log */
export async function keepAnswer(
  profiles: ProfileStorage,
  name: string,
  { kind, secret }: Keepsake,
): Promise<string> {
  const text = new TextDecoder().decode(secret.expose());
  secret.wipe();
  const found = await profiles.get(name);
  if (!found || 'problem' in found) return `the ${kind} was not kept: there is no stored profile ${name}`;
  const { local } = found.document;
  const auth = isRecord(local) ? local.auth : undefined;
  if (!isRecord(local) || !isRecord(auth)) return `the ${kind} was not kept: the stored profile has changed`;
  await profiles.put(name, { ...found.document, local: { ...local, auth: { ...auth, [kind]: text } } });
  return `the ${kind} is kept with the profile`;
}
