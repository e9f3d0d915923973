/*
 * How pfSense writes values into elements (xmlparse.inc, config 24.x): a flag is an element that is there, descriptions
 * are HTML-coded inside CDATA, lists are repeated elements, and an empty element may mean "none" or "true".
 */
import type { XmlElement } from './xml.ts';

/** First child of the name. */
export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((c) => c.name === name);
}

/** Child by a path such as `nat/outbound/mode`. */
export function at(element: XmlElement | undefined, path: string): XmlElement | undefined {
  return path.split('/').reduce<XmlElement | undefined>((e, name) => child(e, name), element);
}

export function all(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((c) => c.name === name) ?? [];
}

/** Text of a child; undefined: no such element, or empty. */
export function text(element: XmlElement | undefined, path: string): string | undefined {
  const value = at(element, path)?.text;
  return value === undefined || value === '' ? undefined : printable(value);
}

/** Whether a flag is set: its element is there, whatever it holds. */
export function has(element: XmlElement | undefined, path: string): boolean {
  return at(element, path) !== undefined;
}

/** A description for people: HTML-decoded, control characters shown as U+FFFD. */
export function prose(element: XmlElement | undefined, path: string): string {
  return printable(decodeHtml(at(element, path)?.text ?? ''));
}

export function printable(value: string): string {
  return value.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}

/** HTML 4 entities of Latin-1 in order of their numbers, from 160; what PHP's htmlentities() writes. */
const latin1 =
  `nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro
   para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave
   Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc
   Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc
   iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml`
    .split(/\s+/)
    .map((name, i): [string, string] => [name, String.fromCodePoint(160 + i)]);
const entities: ReadonlyMap<string, string> = new Map([
  ...latin1,
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['euro', '€'],
  ['hellip', '…'],
  ['ndash', '–'],
  ['mdash', '—'],
  ['lsquo', '‘'],
  ['rsquo', '’'],
  ['ldquo', '“'],
  ['rdquo', '”'],
  ['bull', '•'],
]);

/** One pass only, as the box does: `&amp;lt;` becomes `&lt;`. Unknown entities stay as they are. */
export function decodeHtml(value: string): string {
  return value.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w{1,10}));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return entities.get(name) ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
