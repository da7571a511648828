/** The Data Protection API (dpapi.h) through koffi: `CryptProtectData`, `CryptUnprotectData`, `LocalFree`. */
import koffi from 'koffi';

/** Octets, or the number of the error (`GetLastError`). */
export type ProtectionResult = Uint8Array | number;

export interface DataProtection {
  protect(plain: Uint8Array, entropy: Uint8Array, flags: number): ProtectionResult;
  unprotect(sealed: Uint8Array, entropy: Uint8Array, flags: number): ProtectionResult;
}

interface Blob {
  cbData: number;
  pbData: unknown;
}

/** The foreign functions, as koffi gives them or a test plays them. */
export interface Crypt32 {
  protect(input: Blob, entropy: Blob, flags: number, output: Partial<Blob>): number;
  unprotect(input: Blob, entropy: Blob, flags: number, output: Partial<Blob>): number;
  lastError(): number;
  /** Copies what the system allocated. */
  copy(at: unknown, length: number): Uint8Array;
  /** Zeroes and frees it. */
  free(at: unknown, length: number): void;
}

/** @throws koffi's own error where the libraries are not there */
export function loadCrypt32(): Crypt32 {
  const crypt32 = koffi.load('crypt32.dll');
  const kernel32 = koffi.load('kernel32.dll');
  const blob = koffi.struct({ cbData: 'uint32', pbData: 'void *' });
  const input = koffi.pointer(blob);
  const output = koffi.out(koffi.pointer(blob));
  // Description, reserved and prompt are left out; null is what they are then.
  const call = (name: string): ((...args: unknown[]) => number) =>
    crypt32.func('__stdcall', name, 'int', [input, 'void *', input, 'void *', 'void *', 'uint32', output]);
  const [protect, unprotect] = [call('CryptProtectData'), call('CryptUnprotectData')];
  const lastError = kernel32.func('__stdcall', 'GetLastError', 'uint32', []);
  const localFree = kernel32.func('__stdcall', 'LocalFree', 'void *', ['void *']);
  return {
    protect: (data, entropy, flags, out) => protect(data, null, entropy, null, null, flags, out),
    unprotect: (data, entropy, flags, out) => unprotect(data, null, entropy, null, null, flags, out),
    lastError: () => lastError(),
    copy: (at, length) => Uint8Array.from(koffi.decode(at, koffi.array('uint8', length)) as Uint8Array),
    free: (at, length) => {
      koffi.encode(at, koffi.array('uint8', length), new Uint8Array(length));
      localFree(at);
    },
  };
}

const blobOf = (bytes: Uint8Array): Blob => ({ cbData: bytes.length, pbData: bytes });

export function dataProtection(api: Crypt32): DataProtection {
  const run = (name: 'protect' | 'unprotect', data: Uint8Array, entropy: Uint8Array, flags: number) => {
    const out: Partial<Blob> = {};
    if (api[name](blobOf(data), blobOf(entropy), flags, out) === 0) return api.lastError();
    const length = out.cbData ?? 0;
    try {
      return api.copy(out.pbData, length);
    } finally {
      api.free(out.pbData, length);
    }
  };
  return {
    protect: (plain, entropy, flags) => run('protect', plain, entropy, flags),
    unprotect: (sealed, entropy, flags) => run('unprotect', sealed, entropy, flags),
  };
}
