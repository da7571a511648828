/** Names of the IPC channels behind the bridge. One event channel, one channel a call. */
export const CHANNELS = {
  about: 'culvert:about',
  call: 'culvert:call',
  followLog: 'culvert:follow-log',
  setSettings: 'culvert:set-settings',
  chooseFiles: 'culvert:choose-files',
  saveFile: 'culvert:save-file',
  copy: 'culvert:copy',
  startEngine: 'culvert:start-engine',
  /** A page is there: answers with what it must know at once, and begins events. */
  attach: 'culvert:attach',
  event: 'culvert:event',
} as const;

export type CallChannel = Exclude<(typeof CHANNELS)[keyof typeof CHANNELS], typeof CHANNELS.event>;
