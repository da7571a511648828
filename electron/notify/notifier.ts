/** Shows notes as the system's notifications, silently; a click leads to the screen that the note is about. */
import type { HostPort, NotificationPort } from '../host.ts';
import type { Note } from './policy.ts';

export interface Notifier {
  show(note: Note): void;
}

/** The ones whose click is still listened to; without a reference they may be collected before it comes. */
const KEPT = 8;

export function createNotifier(host: Pick<HostPort, 'Notification'>, open: (note: Note) => void): Notifier {
  const kept: NotificationPort[] = [];
  return {
    show(note) {
      if (!host.Notification.isSupported()) return;
      const notification = new host.Notification({ title: note.title, body: note.body, silent: true });
      notification.on('click', () => open(note));
      kept.push(notification);
      if (kept.length > KEPT) kept.shift();
      notification.show();
    },
  };
}
