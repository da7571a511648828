/**
 * Is the engine's named pipe really the engine's? Any user may make a pipe of that name while no engine runs. So its
 * owner must be SYSTEM or the Administrators, and the answer is acted upon. The pipe is opened at identification
 * level, so that a false server cannot act as us.
 */
import type { OwnerVerdict } from './owner.ts';

/** Well-known SIDs ([MS-DTYP] §2.4.2.4): LocalSystem, BUILTIN\Administrators. */
const TRUSTED: readonly string[] = ['S-1-5-18', 'S-1-5-32-544'];

/** The owner's SID in its text form; `none` where no such pipe can be opened, `unknown` when Windows does not say. */
export type PipeOwner = `S-${string}` | 'none' | 'unknown';

export function judgePipeOwner(pipe: string, owner: PipeOwner): OwnerVerdict {
  if (owner === 'none') return { kind: 'absent' };
  if (owner === 'unknown') return { kind: 'refused', reason: `the owner of ${pipe} cannot be found out` };
  return TRUSTED.includes(owner)
    ? { kind: 'trusted' }
    : { kind: 'refused', reason: `${pipe} belongs to ${owner} and not to SYSTEM` };
}

/** winnt.h, winbase.h, accctrl.h. */
const READ_CONTROL = 0x0002_0000;
const OPEN_EXISTING = 3;
const SECURITY_SQOS_PRESENT = 0x0010_0000;
const SECURITY_IDENTIFICATION = 0x0001_0000;
const SE_KERNEL_OBJECT = 6;
const OWNER_SECURITY_INFORMATION = 1;
const INVALID_HANDLE = -1;

async function ownerOf(pipe: string): Promise<PipeOwner> {
  const { default: koffi } = await import('koffi');
  const kernel32 = koffi.load('kernel32.dll');
  const advapi32 = koffi.load('advapi32.dll');
  const createFile = kernel32.func(
    'intptr_t __stdcall CreateFileW(str16 name, uint32_t access, uint32_t share, void *security, uint32_t disposition, uint32_t flags, void *template)',
  );
  const closeHandle = kernel32.func('int __stdcall CloseHandle(intptr_t handle)');
  const localFree = kernel32.func('void *__stdcall LocalFree(void *memory)');
  const getSecurityInfo = advapi32.func(
    'uint32_t __stdcall GetSecurityInfo(intptr_t handle, int type, uint32_t what, _Out_ void **owner, void *group, void *dacl, void *sacl, _Out_ void **descriptor)',
  );
  const sidToString = advapi32.func('int __stdcall ConvertSidToStringSidW(void *sid, _Out_ void **text)');

  const flags = SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION;
  const handle = Number(createFile(pipe, READ_CONTROL, 0, null, OPEN_EXISTING, flags, null));
  // Not there, busy, or closed to us: it is not connected to, and asked again later.
  if (handle === INVALID_HANDLE) return 'none';
  const owner: unknown[] = [null];
  const descriptor: unknown[] = [null];
  const text: unknown[] = [null];
  try {
    const status: number = getSecurityInfo(
      handle,
      SE_KERNEL_OBJECT,
      OWNER_SECURITY_INFORMATION,
      owner,
      null,
      null,
      null,
      descriptor,
    );
    if (status !== 0 || sidToString(owner[0], text) === 0) return 'unknown';
    return koffi.decode(text[0], 'char16_t', -1);
  } finally {
    if (text[0]) localFree(text[0]);
    if (descriptor[0]) localFree(descriptor[0]);
    closeHandle(handle);
  }
}

export const checkPipeOwner = async (pipe: string): Promise<OwnerVerdict> =>
  judgePipeOwner(pipe, await ownerOf(pipe));
