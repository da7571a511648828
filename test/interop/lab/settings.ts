/** strongSwan's configuration files from plain objects, and its `--raw` output back into objects. */

export type Setting = string | number | Settings;
export interface Settings {
  readonly [key: string]: Setting;
}

/** Text of strongswan.conf or swanctl.conf; strings are quoted where they need it. */
export function settingsText(settings: Settings, indent = ''): string {
  let text = '';
  for (const [key, value] of Object.entries(settings)) {
    if (typeof value === 'object')
      text += `${indent}${key} {\n${settingsText(value, `${indent}  `)}${indent}}\n`;
    else text += `${indent}${key} = ${quoted(String(value))}\n`;
  }
  return text;
}

function quoted(value: string): string {
  return /[#"{}\\]/.test(value) ? `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"` : value;
}

/** One section of raw output: values are text, lists of text, or sections. */
export interface RawSection {
  [key: string]: string | string[] | RawSection;
}

/**
 * Parses `list-sa event {gw {version=2 child-sas {net-1 {local-ts=[10.0.0.0/8]}}}}`, one such line an event.
 * A value runs to the next ` key=`, ` key {` or bracket, as values with spaces are not quoted.
 */
export function parseRaw(text: string, event: string): RawSection[] {
  const sections: RawSection[] = [];
  for (const line of text.split('\n')) {
    const start = `${event} event `;
    if (line.startsWith(start)) sections.push(new RawReader(line.slice(start.length)).section());
  }
  return sections;
}

class RawReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  section(): RawSection {
    this.#expect('{');
    const section: RawSection = {};
    for (;;) {
      this.#blank();
      if (this.#text[this.#at] === '}') {
        this.#at++;
        return section;
      }
      const key = this.#take(/[^\s={}]+/y);
      this.#blank();
      if (this.#text[this.#at] === '{') section[key] = this.section();
      else {
        this.#expect('=');
        section[key] = this.#text[this.#at] === '[' ? this.#list() : this.#take(VALUE);
      }
    }
  }

  #list(): string[] {
    const inside = this.#take(/\[[^\]]*\]/y).slice(1, -1);
    return inside === '' ? [] : inside.split(' ');
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null)
      throw new Error(`raw output not understood at: ${this.#text.slice(this.#at, this.#at + 60)}`);
    this.#at = pattern.lastIndex;
    return match[0];
  }

  #blank(): void {
    while (this.#text[this.#at] === ' ') this.#at++;
  }

  #expect(what: string): void {
    if (this.#text[this.#at] !== what) this.#take(/(?!)/y);
    this.#at++;
  }
}

/** Anything up to the next ` key=`, ` key {`, `}` or the end. */
const VALUE: RegExp = /(?:(?! [\w.-]+(?:=| \{))[^}])*/y;
