/** Name servers for a tunnel: what can be set, in which of three ways, and the port that does it. */

export type DnsMode = 'resolved' | 'resolvconf' | 'file';

/** The facts about a host that decide how its name servers are set. */
export interface DnsWorld {
  /** Name servers belong to an interface by the system's own means, which this names; the rest does not count then. */
  readonly native?: string;
  /** systemd-resolved has its name on the system bus. */
  readonly resolvedRuns: boolean;
  /** It is in the network namespace of this process; null when that cannot be seen. */
  readonly resolvedHere: boolean | null;
  /** The command resolvectl is installed. */
  readonly resolvectl: boolean;
  /** Which resolvconf is installed; `resolvectl` is systemd's command under that name. */
  readonly resolvconf: 'openresolv' | 'debian' | 'resolvectl' | null;
  /** This process is in another network namespace than the machine's first process. */
  readonly ownNamespace: boolean;
  /** resolv.conf is a mount point, as `ip netns exec` and containers make it. */
  readonly mounted: boolean;
  /** Where resolv.conf leads when it is a symbolic link, fully resolved; its own path otherwise. */
  readonly target: string;
  /** The text of resolv.conf, or null when there is none. */
  readonly text: string | null;
  /** /etc/nsswitch.conf asks `resolve` for hosts. */
  readonly nssResolve: boolean;
}

/** Servers of one interface, in systemd-resolved or by the system's own means. All names when `domains` is empty. */
export interface DnsLinkItem {
  readonly kind: 'dns-link';
  readonly interface: string;
  readonly servers: readonly string[];
  readonly domains: readonly string[];
}

/** A record in resolvconf's store. */
export interface DnsRecordItem {
  readonly kind: 'dns-record';
  readonly record: string;
  readonly servers: readonly string[];
}

/** The whole text of resolv.conf. */
export interface DnsFileItem {
  readonly kind: 'dns-file';
  /** The file itself, behind all symbolic links. */
  readonly path: string;
  readonly text: string;
}

export type DnsItem = DnsLinkItem | DnsRecordItem | DnsFileItem;

/** A file to be put back byte for byte. */
export interface FileBefore {
  /** The octets, in Base64. */
  readonly content: string;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** `foreign`: somebody changed the value since, and it was left alone. */
export type DnsRemoval = 'undone' | 'gone' | 'foreign';

export interface DnsPort {
  /** Looks at the host. */
  survey(): Promise<DnsWorld>;
  /** The file as it is, or null when there is none. @throws OsError `dns-failed` */
  read(path: string): Promise<FileBefore | null>;
  /** Makes the item so. `before` is the file that a `dns-file` replaces. @throws OsError `dns-failed` */
  put(item: DnsItem, before: FileBefore | null): Promise<void>;
  /** Takes the item away, or puts the file back, when it is still as we made it. @throws OsError `dns-failed` */
  remove(item: DnsItem, before: FileBefore | null): Promise<DnsRemoval>;
}
