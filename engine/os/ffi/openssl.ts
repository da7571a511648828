/**
 * The OpenSSL 3 functions that the node executable exports, through koffi. Pointers are plain numbers: a user-space
 * address stays far below 2^53, and koffi passes a number for the price of a register. All calls are synchronous.
 */
import koffi from 'koffi';

/** An address, or 0 for NULL. */
export type Address = number;

/** Two primitives of libcrypto: exported, documented nowhere, the same since OpenSSL 1.1. */
export interface ChaCha20Calls {
  /** Octets of Poly1305's state. */
  readonly stateLength: number;
  /** `counter` points at four words: the block's number, and the nonce. `out` may be `input`. */
  readonly ChaCha20_ctr32: (
    out: Address,
    input: Address,
    length: number,
    key: Address,
    counter: Address,
  ) => void;
  readonly Poly1305_Init: (state: Address, key: Address) => void;
  readonly Poly1305_Update: (state: Address, data: Address, length: number) => void;
  /** Writes 16 octets to `tag` and clears the state. */
  readonly Poly1305_Final: (state: Address, tag: Address) => void;
}

export interface OpenSsl {
  /** `undefined` where they are not exported (on Windows only documented functions are). */
  readonly chaCha20: ChaCha20Calls | undefined;
  /**
   * The cipher of that name, 0 when OpenSSL does not have it; its "legacy" provider (Blowfish, CAST) is loaded when
   * first asked for. EVP_CIPHER_fetch(3), OSSL_PROVIDER-legacy(7)
   */
  fetchCipher(name: string): Address;
  /** EVP_MAC_fetch(3) */
  fetchMac(name: string): Address;
  readonly EVP_CIPHER_CTX_new: () => Address;
  readonly EVP_CIPHER_CTX_free: (ctx: Address) => void;
  readonly EVP_CIPHER_CTX_set_key_length: (ctx: Address, length: number) => number;
  /** EVP_EncryptInit(3); `argument` is the command's number, `data` its pointer. */
  readonly EVP_CIPHER_CTX_ctrl: (ctx: Address, command: number, argument: number, data: Address) => number;
  readonly EVP_CipherInit_ex2: (
    ctx: Address,
    cipher: Address,
    key: Address,
    iv: Address,
    encrypt: number,
    params: Address,
  ) => number;
  /** The cipher's own update: `out` 0 feeds AAD. Negative on failure. EVP_Cipher(3) */
  readonly EVP_Cipher: (ctx: Address, out: Address, input: Address, length: number) => number;
  /** `out` and `input` 0 tell CCM the length of the data. EVP_CipherUpdate(3) */
  readonly EVP_CipherUpdate: (
    ctx: Address,
    out: Address,
    outLength: Address,
    input: Address,
    length: number,
  ) => number;
  readonly EVP_CipherFinal_ex: (ctx: Address, out: Address, outLength: Address) => number;
  readonly EVP_CIPHER_CTX_get_params: (ctx: Address, params: Address) => number;
  readonly EVP_MAC_CTX_new: (mac: Address) => Address;
  readonly EVP_MAC_CTX_free: (ctx: Address) => void;
  readonly EVP_MAC_init: (ctx: Address, key: Address, keyLength: number, params: Address) => number;
  readonly EVP_MAC_update: (ctx: Address, data: Address, length: number) => number;
  readonly EVP_MAC_final: (ctx: Address, out: Address, length: Address, size: number) => number;
  readonly ERR_clear_error: () => void;
}

const POINTER = 'uintptr_t';

/** Linked functions of a library, by path; `null` is the executable itself. One load a thread. */
const loaded = new Map<string | null, OpenSsl | undefined>();

function attempt<F>(make: () => F): F | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

function link(libraryPath: string | null): OpenSsl | undefined {
  // The OSSL_PARAM records below and in os/crypto/ are laid out for 64-bit little-endian machines.
  if (koffi.sizeof('void *') !== 8 || new Uint8Array(Uint16Array.of(1).buffer)[0] !== 1) return undefined;
  try {
    const library = koffi.load(libraryPath);
    const define = <F>(name: string, result: string, ...parameters: string[]): F =>
      library.func(name, result, parameters) as F;
    type Fetch = (context: Address, name: string, properties: null) => Address;
    const fetchCipher = define<Fetch>('EVP_CIPHER_fetch', POINTER, POINTER, 'str', 'str');
    const fetchMac = define<Fetch>('EVP_MAC_fetch', POINTER, POINTER, 'str', 'str');
    const clearErrors = define<() => void>('ERR_clear_error', 'void');
    const fetched = new Map<string, Address>();
    // A fetched algorithm is kept for the life of the thread: there are few, and contexts refer to them.
    const keep = (fetch: Fetch, kind: string, name: string): Address => {
      const known = fetched.get(kind + name);
      if (known !== undefined) return known;
      const address = fetch(0, name, null);
      if (address === 0) clearErrors();
      fetched.set(kind + name, address);
      return address;
    };
    type LoadProvider = (context: Address, name: string, keepDefault: number) => Address;
    // Without this export there is everything but Blowfish and CAST.
    const loadProvider = attempt(() =>
      define<LoadProvider>('OSSL_PROVIDER_try_load', POINTER, POINTER, 'str', 'int'),
    );
    let legacyTried = false;
    /** Asks the loaded providers, then also the legacy one, which stays for the life of the process. */
    const fetchAny: Fetch = (context, name, properties) => {
      const address = fetchCipher(context, name, properties);
      if (address !== 0 || legacyTried) return address;
      legacyTried = true;
      // What failed must not stay in the error queue, where node:crypto would find it.
      clearErrors();
      return !loadProvider || loadProvider(0, 'legacy', 1) === 0 ? 0 : fetchCipher(context, name, properties);
    };
    const chaCha20 = attempt(
      (): ChaCha20Calls => ({
        stateLength: define<() => number>('Poly1305_ctx_size', 'size_t')(),
        ChaCha20_ctr32: define('ChaCha20_ctr32', 'void', POINTER, POINTER, 'size_t', POINTER, POINTER),
        Poly1305_Init: define('Poly1305_Init', 'void', POINTER, POINTER),
        Poly1305_Update: define('Poly1305_Update', 'void', POINTER, POINTER, 'size_t'),
        Poly1305_Final: define('Poly1305_Final', 'void', POINTER, POINTER),
      }),
    );
    return {
      chaCha20,
      fetchCipher: (name) => keep(fetchAny, 'cipher ', name),
      fetchMac: (name) => keep(fetchMac, 'mac ', name),
      EVP_CIPHER_CTX_new: define('EVP_CIPHER_CTX_new', POINTER),
      EVP_CIPHER_CTX_free: define('EVP_CIPHER_CTX_free', 'void', POINTER),
      EVP_CIPHER_CTX_set_key_length: define('EVP_CIPHER_CTX_set_key_length', 'int', POINTER, 'int'),
      EVP_CIPHER_CTX_ctrl: define('EVP_CIPHER_CTX_ctrl', 'int', POINTER, 'int', 'int', POINTER),
      EVP_CipherInit_ex2: define(
        'EVP_CipherInit_ex2',
        'int',
        POINTER,
        POINTER,
        POINTER,
        POINTER,
        'int',
        POINTER,
      ),
      EVP_Cipher: define('EVP_Cipher', 'int', POINTER, POINTER, POINTER, 'unsigned int'),
      EVP_CipherUpdate: define('EVP_CipherUpdate', 'int', POINTER, POINTER, POINTER, POINTER, 'int'),
      EVP_CipherFinal_ex: define('EVP_CipherFinal_ex', 'int', POINTER, POINTER, POINTER),
      EVP_CIPHER_CTX_get_params: define('EVP_CIPHER_CTX_get_params', 'int', POINTER, POINTER),
      EVP_MAC_CTX_new: define('EVP_MAC_CTX_new', POINTER, POINTER),
      EVP_MAC_CTX_free: define('EVP_MAC_CTX_free', 'void', POINTER),
      EVP_MAC_init: define('EVP_MAC_init', 'int', POINTER, POINTER, 'size_t', POINTER),
      EVP_MAC_update: define('EVP_MAC_update', 'int', POINTER, POINTER, 'size_t'),
      EVP_MAC_final: define('EVP_MAC_final', 'int', POINTER, POINTER, POINTER, 'size_t'),
      ERR_clear_error: clearErrors,
    };
  } catch {
    // koffi throws for a library it cannot load and for a symbol that is not exported: then there is no OpenSSL here.
    return undefined;
  }
}

/** The functions, or `undefined` when the library or one of its exports is missing. */
export function loadOpenSsl(libraryPath: string | null): OpenSsl | undefined {
  if (!loaded.has(libraryPath)) loaded.set(libraryPath, link(libraryPath));
  return loaded.get(libraryPath);
}

const addresses = new WeakMap<ArrayBufferLike, Address>();
let lastView: Uint8Array | undefined;
let lastAddress: Address = 0;

/**
 * Where a view's first octet lies. A backing store never moves, so it is asked for once; the last view is remembered
 * because packets come in runs from the same buffer. The caller has checked that the view is not empty (a detached
 * store has no address, and its views have no length).
 */
export function addressOf(view: Uint8Array): Address {
  if (view === lastView) return lastAddress;
  const store = view.buffer;
  let address = addresses.get(store);
  if (address === undefined) {
    address = Number(koffi.address(new Uint8Array(store)));
    addresses.set(store, address);
  }
  lastView = view;
  lastAddress = address + view.byteOffset;
  return lastAddress;
}
