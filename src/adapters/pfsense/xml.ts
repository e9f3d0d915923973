/*
 * config.xml as a tree of elements with their lines. Refuses what pfSense never writes and attackers do: document
 * types, entities of their own, endless nesting. Text is XML-decoded once; pfSense's second coding is in decode.ts.
 */
import { SaxesParser } from 'saxes';

export interface XmlElement {
  readonly name: string;
  /** 1-based line of the opening tag. */
  readonly line: number;
  readonly children: readonly XmlElement[];
  /** Text directly inside, trimmed. */
  readonly text: string;
}

export interface XmlProblem {
  readonly line: number;
  readonly what: string;
}

const deepest = 64;
const mostElements = 2_000_000;

interface Open {
  name: string;
  line: number;
  children: XmlElement[];
  parts: string[];
}

class Refusal extends Error {}

/** The root element, or the first thing that is wrong and its line. */
export function parseXml(text: string): XmlElement | XmlProblem {
  const parser = new SaxesParser({ position: true });
  try {
    return read(parser, text);
  } catch (error) {
    const what = error instanceof Refusal ? error.message : withoutPosition(error);
    return { line: parser.line, what };
  }
}

export function isXmlProblem(result: XmlElement | XmlProblem): result is XmlProblem {
  return 'what' in result;
}

function read(parser: SaxesParser, text: string): XmlElement {
  const top: Open = { name: '', line: 0, children: [], parts: [] };
  const stack: Open[] = [top];
  let count = 0;
  const current = () => stack.at(-1) ?? top;
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('doctype', () => {
    throw new Refusal('it declares a document type, which pfSense never does; entities are not expanded');
  });
  parser.on('opentagstart', (tag) => {
    if (stack.length > deepest) throw new Refusal(`elements nested deeper than ${deepest}`);
    if (++count > mostElements) throw new Refusal(`more than ${mostElements} elements`);
    stack.push({ name: tag.name, line: parser.line, children: [], parts: [] });
  });
  parser.on('text', (t) => void current().parts.push(t));
  parser.on('cdata', (t) => void current().parts.push(t));
  parser.on('closetag', () => {
    const done = stack.pop();
    if (done !== undefined) current().children.push(closed(done));
  });
  parser.write(text).close();
  const root = top.children[0];
  if (root === undefined) throw new Refusal('there is no root element');
  return root;
}

function closed(element: Open): XmlElement {
  const { name, line, children, parts } = element;
  return { name, line, children, text: parts.join('').trim() };
}

/** The parser's message without its own line:column prefix (the line is told apart) and without foreign text. */
function withoutPosition(error: unknown): string {
  const message = error instanceof Error ? error.message : 'not XML';
  return message.replace(/^[^:]*:?\d+:\d+:\s*/, '').slice(0, 120);
}
