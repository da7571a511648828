/** May this file be run with an administrator's rights on Windows? Asks for the security of it and of what is above. */
import { win32 } from 'node:path';
import type { OwnerVerdict } from './owner.ts';
import { judgeSddl } from './windows-acl.ts';

/** accctrl.h, winnt.h, sddl.h, winerror.h. */
const SE_FILE_OBJECT = 1;
const OWNER_AND_DACL = 1 | 4;
const SDDL_REVISION_1 = 1;
const ERROR_FILE_NOT_FOUND = 2;
const ERROR_PATH_NOT_FOUND = 3;

type Answer = { readonly sddl: string } | { readonly error: number };

async function openQuestion(): Promise<(path: string) => Answer> {
  const { default: koffi } = await import('koffi');
  const advapi32 = koffi.load('advapi32.dll');
  const localFree = koffi.load('kernel32.dll').func('void *__stdcall LocalFree(void *memory)');
  const getSecurity = advapi32.func(
    'uint32_t __stdcall GetNamedSecurityInfoW(str16 name, int type, uint32_t what, void *owner, void *group, void *dacl, void *sacl, _Out_ void **descriptor)',
  );
  const toText = advapi32.func(
    'int __stdcall ConvertSecurityDescriptorToStringSecurityDescriptorW(void *descriptor, uint32_t revision, uint32_t what, _Out_ void **text, void *length)',
  );
  return (path) => {
    const descriptor: unknown[] = [null];
    const text: unknown[] = [null];
    try {
      const error: number = getSecurity(
        path,
        SE_FILE_OBJECT,
        OWNER_AND_DACL,
        null,
        null,
        null,
        null,
        descriptor,
      );
      if (error !== 0) return { error };
      const done = toText(descriptor[0], SDDL_REVISION_1, OWNER_AND_DACL, text, null);
      return { sddl: done === 0 ? '' : koffi.decode(text[0], 'char16_t', -1) };
    } finally {
      if (text[0]) localFree(text[0]);
      if (descriptor[0]) localFree(descriptor[0]);
    }
  };
}

export async function checkWindowsProgram(path: string): Promise<OwnerVerdict> {
  const ask = await openQuestion();
  for (let at = win32.normalize(path); ; at = win32.dirname(at)) {
    const answer = ask(at);
    if ('error' in answer) {
      const { error } = answer;
      if (error === ERROR_FILE_NOT_FOUND || error === ERROR_PATH_NOT_FOUND) return { kind: 'absent' };
      return { kind: 'refused', reason: `${at} cannot be checked (${error})` };
    }
    const verdict = judgeSddl(at, answer.sddl);
    if (verdict.kind !== 'trusted' || at === win32.dirname(at)) return verdict;
  }
}
