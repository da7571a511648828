/** The phases of a tunnel's life: each carries what it needs, and no more. */
import type { Instant } from '../base/brand.ts';
import type { Endpoint } from '../base/ip.ts';
import type { HostState } from '../os/port.ts';
import type { Link } from './link.ts';
import type { Ready } from './user-secrets.ts';

export type Phase =
  | { readonly kind: 'down' }
  | { readonly kind: 'preparing' }
  | {
      readonly kind: 'connecting';
      readonly link: Link;
      readonly remote: Endpoint;
      readonly ready: Ready;
      readonly rest: readonly Endpoint[];
      readonly bypass: readonly string[];
    }
  | { readonly kind: 'up'; readonly link: Link }
  /** Waits before it tries again. */
  | { readonly kind: 'waiting'; readonly until: Instant; readonly cancel: () => void }
  /** Down, with routes kept, until a packet wants through (strongSwan's trap). */
  | { readonly kind: 'held'; readonly cancel: () => void; readonly host: HostState | undefined }
  /** `held`: what follows is the trap and not the end. */
  | { readonly kind: 'closing'; readonly link: Link | undefined; readonly held?: boolean };
