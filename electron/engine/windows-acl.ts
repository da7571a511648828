/**
 * Who may change a file on Windows, read from its security descriptor in text form ([MS-DTYP] §2.5.1). Rights that are
 * denied are not counted: what is allowed to anybody who is not the system decides.
 */
import type { OwnerVerdict } from './owner.ts';

/** LocalSystem, BUILTIN\Administrators, TrustedInstaller; the first two have short names. */
const TRUSTED: readonly string[] = [
  'SY',
  'BA',
  'S-1-5-18',
  'S-1-5-32-544',
  'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464',
];

/** Names of rights in the text form, as masks of files and folders ([MS-DTYP] §2.4.3, §2.5.1.1). */
const RIGHTS: Readonly<Record<string, number>> = {
  GA: 0x1000_0000,
  GX: 0x2000_0000,
  GW: 0x4000_0000,
  GR: 0x8000_0000,
  SD: 0x0001_0000,
  RC: 0x0002_0000,
  WD: 0x0004_0000,
  WO: 0x0008_0000,
  FA: 0x001f_01ff,
  FR: 0x0012_0089,
  FW: 0x0012_0116,
  FX: 0x0012_00a0,
  CC: 0x001,
  DC: 0x002,
  LC: 0x004,
  SW: 0x008,
  RP: 0x010,
  WP: 0x020,
  DT: 0x040,
  LO: 0x080,
  CR: 0x100,
};

/** To write data, or to add a file; to append, or to add a folder. */
const ADD = 0x002 | 0x004;
/** Generic all and write, write attributes, delete a child, delete, change the permissions, take ownership. */
const CHANGE = 0x1000_0000 | 0x4000_0000 | 0x010 | 0x040 | 0x100 | 0x0001_0000 | 0x0004_0000 | 0x0008_0000;

/** The mask of a rights field; every right for one that is not understood. */
function maskOf(rights: string): number {
  if (/^0x[0-9a-f]{1,8}$/i.test(rights)) return Number(rights) | 0;
  let mask = 0;
  for (const [name] of rights.matchAll(/..?/g)) mask |= RIGHTS[name] ?? -1;
  return mask;
}

/** Every user may make folders at the root of a drive, and cannot replace those that are there. */
const isDrive = (path: string): boolean => /^[A-Za-z]:\\?$/.test(path);

const SID = '(?:S-[0-9-]+|[A-Z]{2})';
/** One nested pair at most: that of a condition. */
const ACE = '\\((?:[^()]|\\([^()]*\\))*\\)';
const ENTRY = /\(((?:[^()]|\([^()]*\))*)\)/g;
const DESCRIPTOR = new RegExp(`^O:(${SID})(?:G:${SID})?(?:D:([A-Z_]*)((?:${ACE})*))?(?:S:.*)?$`);

/** `sddl`: with owner and DACL. What is not understood is refused. */
export function judgeSddl(path: string, sddl: string): OwnerVerdict {
  const refuse = (reason: string): OwnerVerdict => ({ kind: 'refused', reason });
  const [, owner, control, entries = ''] = DESCRIPTOR.exec(sddl) ?? [];
  if (owner === undefined) return refuse(`the owner of ${path} cannot be found out`);
  if (!TRUSTED.includes(owner)) return refuse(`${path} belongs to ${owner} and not to the system`);
  // No list at all lets everybody do everything; an empty one lets nobody.
  if (control === undefined || control.includes('NO_ACCESS_CONTROL'))
    return refuse(`anybody may write to ${path}`);
  const forbidden = isDrive(path) ? CHANGE : CHANGE | ADD;
  for (const [, ace = ''] of entries.matchAll(ENTRY)) {
    const [type = '', flags = '', rights = '', , , sid = ''] = ace.split(';');
    // What only children inherit says nothing about this one; what is denied takes away.
    if (type === 'D' || /^(?:..)*IO/.test(flags)) continue;
    if (!TRUSTED.includes(sid) && (maskOf(rights) & forbidden) !== 0)
      return refuse(`others than the system (${sid}) may write to ${path}`);
  }
  return { kind: 'trusted' };
}
