/** XML as a small tree, read with saxes: no document type of its own, no entities but the five, limits on all. */
import { SaxesParser } from 'saxes';
import { err, ok, type Result } from '../../base/result.ts';

export interface XmlElement {
  /** Without a namespace prefix. */
  readonly name: string;
  /** Character data directly inside, CDATA included. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

const MAX_DEPTH = 64;
const MAX_ELEMENTS = 20_000;

interface Open {
  name: string;
  text: string;
  children: XmlElement[];
}

/** The root element, or why the text is no XML that is read here. */
export function readXml(text: string): Result<XmlElement, string> {
  const parser = new SaxesParser({ xmlns: false, position: true });
  const stack: Open[] = [{ name: '', text: '', children: [] }];
  let count = 0;
  const stop = (reason: string): never => {
    throw new XmlFault(reason);
  };
  parser.on('error', (error) => stop(`is not well-formed XML: ${error.message.slice(0, 200)}`));
  parser.on('doctype', (doctype) => {
    if (doctype.includes('[')) stop('declares entities of its own, which is refused');
  });
  parser.on('opentag', ({ name }) => {
    count++;
    if (count > MAX_ELEMENTS || stack.length > MAX_DEPTH) stop('has too many elements, or too deep ones');
    stack.push({ name: name.slice(name.indexOf(':') + 1), text: '', children: [] });
  });
  const append = (more: string): void => {
    const top = stack.at(-1);
    if (top) top.text += more;
  };
  parser.on('text', append);
  parser.on('cdata', append);
  parser.on('closetag', () => {
    const done = stack.pop();
    if (done) stack.at(-1)?.children.push(done);
  });
  try {
    parser.write(text.trimStart()).close();
  } catch (cause) {
    if (cause instanceof XmlFault) return err(cause.message);
    throw cause;
  }
  const root = stack[0]?.children[0];
  return root ? ok(root) : err('holds no XML element');
}

class XmlFault extends Error {}

/** The first child of a name. */
export const childOf = (element: XmlElement | undefined, name: string): XmlElement | undefined =>
  element?.children.find((child) => child.name === name);

/** Text at a path of names, trimmed; `undefined` when it is empty or not there. */
export function textAt(element: XmlElement | undefined, ...path: readonly string[]): string | undefined {
  let at = element;
  for (const name of path) at = childOf(at, name);
  const text = at?.text.trim();
  return text === '' ? undefined : text;
}
