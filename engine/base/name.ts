/** Names of profiles, tunnels and children: safe as file names on every system. */

/** A dot alone, or two, would be a folder. */
export const NAME_PATTERN: RegExp = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$/;
export const NAME_RULE = '1 to 64 letters, digits, dots, underscores or hyphens';
