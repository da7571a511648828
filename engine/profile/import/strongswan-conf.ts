/** The syntax of `swanctl.conf`: sections in braces, `key = value` to the end of the line (strongswan.conf(5)). */
import { err, ok, type Result } from '../../base/result.ts';

export interface ConfSection {
  readonly values: Map<string, string>;
  readonly sections: Map<string, ConfSection>;
}

export interface Conf {
  readonly root: ConfSection;
  /** What `include` lines name; nothing is opened. */
  readonly includes: readonly string[];
}

const MAX_SECTIONS = 5000;
const MAX_DEPTH = 16;

const section = (): ConfSection => ({ values: new Map(), sections: new Map() });

/** Later settings win; sections of one name become one. */
function merge(target: ConfSection, from: ConfSection, budget: { left: number }): void {
  for (const [key, value] of from.values) if (!target.values.has(key)) target.values.set(key, value);
  for (const [name, inner] of from.sections) {
    if (--budget.left < 0) return;
    let own = target.sections.get(name);
    if (!own) {
      own = section();
      target.sections.set(name, own);
    }
    if (own !== inner) merge(own, inner, budget);
  }
}

/** A section by its path from the root, such as `connections.base`. */
function find(root: ConfSection, path: string): ConfSection | undefined {
  let at: ConfSection | undefined = root;
  for (const name of path.split('.')) at = at?.sections.get(name);
  return at;
}

const TOKEN = {
  space: /[ \t\r\n]+|#[^\n]*/y,
  include: /include[ \t]+([^\n#]+)/y,
  open: /([A-Za-z0-9_%@*./-]{1,200})[ \t]{0,80}(?::[ \t]{0,80}([A-Za-z0-9_.,\- \t]{1,200}?))?[ \t\r\n]{0,80}\{/y,
  value: /([A-Za-z0-9_%@*./-]{1,200})[ \t]{0,80}=[ \t]*/y,
  quoted: /"((?:[^"\\]|\\.)*)"/sy,
  plain: /[^#{}"\r\n]*/y,
  close: /\}/y,
} as const;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

/** A value: quoted text with escapes, or what stands on the line. */
function readValue(match: (token: RegExp) => RegExpExecArray | undefined): string {
  const quoted = match(TOKEN.quoted);
  if (quoted)
    return (quoted[1] ?? '').replaceAll(/\\(.)/gs, (_, char: string) =>
      char === '\n' ? '' : Object.hasOwn(ESCAPES, char) ? (ESCAPES[char] as string) : char,
    );
  return (match(TOKEN.plain)?.[0] ?? '').trim();
}

export function readConf(text: string): Result<Conf, string> {
  const root = section();
  const includes: string[] = [];
  const inherits: { target: ConfSection; from: string }[] = [];
  const stack = [root];
  let at = 0;
  let count = 0;
  const match = (token: RegExp): RegExpExecArray | undefined => {
    token.lastIndex = at;
    const found = token.exec(text);
    if (!found) return undefined;
    at = token.lastIndex;
    return found;
  };
  while (at < text.length) {
    if (match(TOKEN.space)) continue;
    const top = stack[stack.length - 1] as ConfSection;
    const include = match(TOKEN.include);
    const open = include ? undefined : match(TOKEN.open);
    const value = include || open ? undefined : match(TOKEN.value);
    if (include) includes.push((include[1] ?? '').trim());
    else if (open) {
      const name = open[1] ?? '';
      if (++count > MAX_SECTIONS || stack.length > MAX_DEPTH) return err('has too many sections');
      const inner = top.sections.get(name) ?? section();
      top.sections.set(name, inner);
      for (const from of (open[2] ?? '').split(','))
        if (from.trim() !== '') inherits.push({ target: inner, from: from.trim() });
      stack.push(inner);
    } else if (value) top.values.set(value[1] ?? '', readValue(match));
    else if (stack.length > 1 && match(TOKEN.close)) stack.pop();
    else return err(`line ${text.slice(0, at).split('\n').length} cannot be read`);
  }
  if (stack.length > 1) return err('a section is not closed');
  const budget = { left: MAX_SECTIONS };
  for (const { target, from } of inherits) {
    const source = find(root, from);
    if (source && source !== target) merge(target, source, budget);
  }
  return ok({ root, includes });
}
