/** A draft as people read it: what was taken from the files, and whose certificates came along. */
import type { CertificatePreview, DraftProfile, ImportDraft, MappingReportLine } from '../api/import.ts';

const KINDS = { taken: 'taken', changed: 'changed', unmapped: 'not mapped' } as const;

/** `changed     connections.a.rekey_time → ike.lifetime: a hard end …`. */
export function mappingText({ kind, foreign, ours, why }: MappingReportLine): string {
  const arrow = foreign !== '' && ours !== undefined ? ' → ' : '';
  return `  ${KINDS[kind].padEnd(10)}  ${foreign}${arrow}${ours ?? ''}${why === undefined ? '' : `: ${why}`}`;
}

const fingerprintText = (hex: string): string => (hex.match(/../g) ?? []).join(':');

export function certificateText(role: string, one: CertificatePreview): string {
  const names = one.altNames.length > 0 ? [`names ${one.altNames.join(', ')}`] : [];
  const lines = [
    one.subject === '' ? '(no subject)' : one.subject,
    ...(one.subject === one.issuer ? [] : [`issued by ${one.issuer}`]),
    `${one.key}, valid ${one.notBefore.slice(0, 10)} to ${one.notAfter.slice(0, 10)}`,
    ...names,
    `SHA-256 ${fingerprintText(one.fingerprint)}`,
  ];
  return lines.map((line, i) => `  ${(i === 0 ? role : '').padEnd(10)}  ${line}`).join('\n');
}

const profileText = ({ document, format, report }: DraftProfile): string =>
  [`profile ${String(document.name)} (${format})`, ...report.map(mappingText)].join('\n');

export function draftText(draft: ImportDraft): string {
  const certificates = [
    ...draft.leaves.map((one) => certificateText('yours', one)),
    ...draft.chain.map((one) => certificateText('chain', one)),
    ...draft.anchors.map((one) => certificateText('CA', one)),
  ];
  return [
    ...draft.profiles.map(profileText),
    ...(certificates.length > 0 ? [['certificates', ...certificates].join('\n')] : []),
    ...(draft.notes.length > 0 ? [['notes', ...draft.notes.map((note) => `  ${note}`)].join('\n')] : []),
    ...(draft.locked.length > 0 ? [`locked: ${draft.locked.join(', ')}`] : []),
  ].join('\n');
}
