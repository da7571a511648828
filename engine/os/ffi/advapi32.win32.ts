/** The registry and the service manager (advapi32.dll), and the resolver's cache (dnsapi.dll), through koffi. */
import koffi from 'koffi';
import {
  ERROR,
  HKEY_LOCAL_MACHINE,
  KEY,
  REG,
  REG_OPTION,
  SC_MANAGER_CONNECT,
  SERVICE_CONTROL_PARAMCHANGE,
  SERVICE_PAUSE_CONTINUE,
  SERVICE_STATUS_SIZE,
} from './abi.win32.ts';
import { addressOf, fixedMemory } from './memory.ts';
import { readWide, wideText, wideTexts } from './wide.win32.ts';

export type RegistryValue = number | string | readonly string[];

/** Keys below HKEY_LOCAL_MACHINE, in the 64-bit view. Results are error numbers, 0 for success. */
export interface Registry {
  /** Makes the key, which a restart of Windows removes, with these values. What is above it is made to stay. */
  writeVolatile(path: string, values: Readonly<Record<string, RegistryValue>>): number;
  /** A text, `undefined` when there is none of up to 1,024 characters. */
  readText(path: string, name: string): string | undefined;
  /** Removes a key with all below it; one that is not there is ERROR.FILE_NOT_FOUND. */
  remove(path: string): number;
}

export interface WindowsSystem {
  readonly registry: Registry;
  /** Tells a service that its settings have changed; an error number, 0 for success. */
  paramChange(service: string): number;
  /** Forgets what names the resolver has in its cache. */
  flushDnsCache(): void;
}

const TEXT_LENGTH = 2048;

let loaded: WindowsSystem | undefined;

/** @throws koffi's own error where a library is not there */
export function loadWindowsSystem(): WindowsSystem {
  loaded ??= { ...bindServices(), registry: bindRegistry() };
  return loaded;
}

type Bind = (name: string, result: string, ...parameters: string[]) => (...args: unknown[]) => number;

function binder(library: string): Bind {
  const lib = koffi.load(library);
  return (name, result, ...parameters) => lib.func('__stdcall', name, result, parameters);
}

function encoded(value: RegistryValue): { readonly type: number; readonly octets: Uint8Array<ArrayBuffer> } {
  if (typeof value === 'string') return { type: REG.SZ, octets: wideText(value) };
  if (typeof value !== 'number') return { type: REG.MULTI_SZ, octets: wideTexts(value) };
  const octets = fixedMemory(4);
  new DataView(octets.buffer).setUint32(0, value, true);
  return { type: REG.DWORD, octets };
}

function bindRegistry(): Registry {
  const bind = binder('advapi32.dll');
  const P = 'uintptr_t';
  const create = bind('RegCreateKeyExW', 'int32', P, P, 'uint32', P, 'uint32', 'uint32', P, P, P);
  const open = bind('RegOpenKeyExW', 'int32', P, P, 'uint32', 'uint32', P);
  const set = bind('RegSetValueExW', 'int32', P, P, 'uint32', 'uint32', P, 'uint32');
  const query = bind('RegQueryValueExW', 'int32', P, P, P, P, P, P);
  const close = bind('RegCloseKey', 'int32', P);
  const removeTree = bind('RegDeleteTreeW', 'int32', P, P);
  const removeKey = bind('RegDeleteKeyExW', 'int32', P, P, 'uint32', 'uint32');
  const handle = new BigUint64Array(fixedMemory(8).buffer);
  const handleAt = Number(koffi.address(handle));
  /** Runs with the open key. */
  const within = (failed: number, run: (key: number) => number): number => {
    if (failed !== ERROR.SUCCESS) return failed;
    const key = Number(handle[0]);
    try {
      return run(key);
    } finally {
      close(key);
    }
  };
  const opened = (path: string, rights: number, run: (key: number) => number): number => {
    const name = wideText(path);
    return within(open(HKEY_LOCAL_MACHINE, addressOf(name), 0, rights | KEY.WOW64_64KEY, handleAt), run);
  };
  const created = (path: string, option: number, run: (key: number) => number): number => {
    const name = wideText(path);
    const rights = KEY.WRITE | KEY.WOW64_64KEY;
    return within(create(HKEY_LOCAL_MACHINE, addressOf(name), 0, 0, option, rights, 0, handleAt, 0), run);
  };
  return {
    writeVolatile: (path, values) => {
      // Below a key that goes with a restart nobody else could make one that stays.
      const above = created(path.slice(0, path.lastIndexOf('\\')), REG_OPTION.NON_VOLATILE, () => 0);
      if (above !== ERROR.SUCCESS) return above;
      return created(path, REG_OPTION.VOLATILE, (key) => {
        for (const [field, value] of Object.entries(values)) {
          const { type, octets } = encoded(value);
          const fieldName = wideText(field);
          const failed = set(key, addressOf(fieldName), 0, type, addressOf(octets), octets.length);
          if (failed !== ERROR.SUCCESS) return failed;
        }
        return ERROR.SUCCESS;
      });
    },
    readText: (path, name) => {
      const [text, field] = [fixedMemory(TEXT_LENGTH + 2), wideText(name)];
      const words = fixedMemory(8);
      const view = new DataView(words.buffer);
      view.setUint32(4, TEXT_LENGTH, true);
      const wordsAt = addressOf(words);
      const failed = opened(path, KEY.READ, (key) =>
        query(key, addressOf(field), 0, wordsAt, addressOf(text), wordsAt + 4),
      );
      if (failed !== ERROR.SUCCESS || view.getUint32(0, true) !== REG.SZ) return undefined;
      return readWide(text);
    },
    remove: (path) => {
      const cut = path.lastIndexOf('\\');
      const leaf = wideText(path.slice(cut + 1));
      const below = opened(path, KEY.READ | KEY.WRITE | KEY.DELETE, (key) => removeTree(key, 0));
      if (below !== ERROR.SUCCESS) return below;
      return opened(path.slice(0, cut), KEY.WRITE, (key) =>
        removeKey(key, addressOf(leaf), KEY.WOW64_64KEY, 0),
      );
    },
  };
}

function bindServices(): Omit<WindowsSystem, 'registry'> {
  const bind = binder('advapi32.dll');
  const P = 'uintptr_t';
  const lastError = binder('kernel32.dll')('GetLastError', 'uint32');
  const openManager = bind('OpenSCManagerW', P, P, P, 'uint32');
  const openService = bind('OpenServiceW', P, P, P, 'uint32');
  const control = bind('ControlService', 'int', P, 'uint32', P);
  const close = bind('CloseServiceHandle', 'int', P);
  // Windows has had it since 2000, without ever documenting it.
  const flush = binder('dnsapi.dll')('DnsFlushResolverCache', 'int');
  return {
    paramChange: (service) => {
      const manager = openManager(0, 0, SC_MANAGER_CONNECT);
      if (manager === 0) return lastError();
      try {
        const name = wideText(service);
        const opened = openService(manager, addressOf(name), SERVICE_PAUSE_CONTINUE);
        if (opened === 0) return lastError();
        try {
          const status = fixedMemory(SERVICE_STATUS_SIZE);
          return control(opened, SERVICE_CONTROL_PARAMCHANGE, addressOf(status)) === 0 ? lastError() : 0;
        } finally {
          close(opened);
        }
      } finally {
        close(manager);
      }
    },
    flushDnsCache: () => {
      flush();
    },
  };
}
