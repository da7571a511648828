/** What EAP of a profile is called in foreign formats, and what of it they cannot say. */
import type { EapMethodText, LocalAuthDocument, ProfileDocument } from '../schema.ts';
import { listOf } from './pem.ts';
import type { ExportReport } from './report.ts';

export type EapRound = 'auth' | 'auth2';

export const methodsOf = (auth: LocalAuthDocument | undefined): readonly EapMethodText[] =>
  listOf(auth?.eap) as readonly EapMethodText[];

/** Whether a user name with a password proves us in this round. */
export const byPassword = (auth: LocalAuthDocument | undefined): boolean =>
  methodsOf(auth).some((method) => method !== 'tls');

/** For formats that name the user and leave the method to the device. */
export function lostOfDevice(
  report: ExportReport,
  { local, remote }: ProfileDocument,
  round: EapRound,
): void {
  const auth = local[round];
  if (byPassword(auth))
    report.lost(`local.${round}.eap`, 'the device takes whichever method the gateway asks for');
  for (const key of ['phase2', 'tls', 'eapId'] as const)
    if (auth?.[key] !== undefined) report.lost(`local.${round}.${key}`, 'this format has no such setting');
  if (remote?.auth === 'eap')
    report.lost('remote.auth', 'the gateway must prove itself by certificate before EAP, too');
}
