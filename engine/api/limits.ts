/** Bounds that both sides of the API rely on. All of them are checked by the engine before memory is taken. */

/** Octets of one JSON-RPC message without its header. */
export const MAX_MESSAGE_OCTETS: number = 1024 * 1024;

/** Octets of the header in front of a message. */
export const MAX_HEADER_OCTETS = 1024;

/** Connections in all, and of one user. */
export const MAX_CLIENTS = 64;
export const MAX_CLIENTS_PER_USER = 32;

/** Requests of one client that are not answered yet. */
export const MAX_PENDING_REQUESTS = 64;

/** A client may burst this many requests, and gets as many new ones per second. */
export const REQUEST_BURST = 200;
export const REQUESTS_PER_SECOND = 50;

/** Subscriptions of one client to snapshots, and to the log. */
export const MAX_WATCHES = 4;

/** A watcher that leaves this many octets unread is disconnected. */
export const MAX_UNREAD_OCTETS: number = 4 * 1024 * 1024;

/** Snapshots are sent at most this often. */
export const SNAPSHOT_INTERVAL_MS = 200;

/** Lines that the engine keeps of its log for `log.tail`. */
export const LOG_LINES = 2000;

/** Attempts of a tunnel that its snapshot keeps. */
export const RECENT_ATTEMPTS = 50;

/** Events of a tunnel that its snapshot keeps. */
export const HISTORY_EVENTS = 200;
