/*
 * The sections of a pfSense or OPNsense config.xml that a change is about, by offsets (saxes): an alias added, changed or
 * taken away, a forward's target, the destination of a rule. For a person to compare; nothing is sent to the firewall.
 */
import { SaxesParser } from 'saxes';
import type { Reader } from '#estate/estate.ts';
import type { Alias, FilterRule } from '#estate/firewall.ts';
import type { SetChange, Setting } from '#plan/change.ts';
import { type Edit, edited, newlineOf, Refusal, type Splice } from './edit.ts';

interface Element {
  readonly name: string;
  readonly start: number;
  innerStart: number;
  innerEnd: number;
  end: number;
  readonly children: Element[];
}

/** The configuration after every setting of the change that concerns the firewall. */
export async function editConfigXml(text: string, change: SetChange, reader: Reader): Promise<Edit> {
  let now = text;
  let line = 1;
  for (const setting of change.settings) {
    const done = await edited(now, () => ({ splice: spliceOf(now, setting, reader), remarks: [] }));
    if (!done.ok) return done;
    mustParseAlike(now, done.text);
    now = done.text;
    line = done.line;
  }
  return { ok: true, text: now, line, remarks: [] };
}

function spliceOf(text: string, setting: Setting, reader: Reader): Splice {
  const root = parseXml(text);
  if (setting.of === 'alias')
    return aliasSplice(text, root, setting.before as Alias | null, setting.after as Alias | null, setting.id);
  if (setting.of === 'portForward' && setting.after?.target !== undefined) {
    const rule = nth(root, ['nat'], 'rule', reader.get('portForward', setting.id)?.value.position);
    return inside(text, child(rule, 'target'), setting.before?.target, setting.after.target);
  }
  if (setting.of === 'filterRule' && setting.after?.match !== undefined) {
    const rule = nth(root, ['filter'], 'rule', reader.get('filterRule', setting.id)?.value.position);
    const shown = (match: FilterRule['match'] | undefined) => {
      const d = match?.destination;
      return d?.kind === 'alias'
        ? d.name
        : d?.kind === 'address'
          ? d.prefix.replace(/\/(32|128)$/, '')
          : undefined;
    };
    return inside(
      text,
      child(child(rule, 'destination'), 'address'),
      shown(setting.before?.match),
      shown(setting.after.match) ?? '',
    );
  }
  throw new Refusal(`${setting.of} ${setting.id} is not shown as a section`);
}

function aliasSplice(
  text: string,
  root: Element,
  before: Alias | null,
  after: Alias | null,
  id: string,
): Splice {
  const list = child(root, 'aliases');
  const name = id.split('/').at(-1) ?? '';
  const there = list.children.find((a) => a.name === 'alias' && content(text, child(a, 'name')) === name);
  if (before === null && after !== null) {
    if (there !== undefined) throw new Refusal(`alias ${name} is there already`, there.start);
    const last = list.children.at(-1);
    const at = last === undefined ? list.innerStart : last.end;
    return { start: at, end: at, text: newAlias(text, after) };
  }
  if (there === undefined) throw new Refusal(`there is no alias ${name}`, list.start);
  if (after === null)
    // with the white space before it, as it was put there: what follows on its line stays
    return { start: text.slice(0, there.start).trimEnd().length, end: there.end, text: '' };
  return inside(text, child(there, 'address'), before?.entries?.join(' '), after.entries.join(' '));
}

function newAlias(text: string, alias: Alias): string {
  const lines = [
    '<alias>',
    `\t<name>${escapeXml(alias.name)}</name>`,
    `\t<type>${escapeXml(alias.type)}</type>`,
    `\t<address>${escapeXml(alias.entries.join(' '))}</address>`,
    `\t<descr>${cdata(alias.descr)}</descr>`,
    `\t<detail>${cdata(alias.entries.map(() => '').join('||'))}</detail>`,
    '</alias>',
  ];
  return lines.map((l) => `${newlineOf(text)}\t\t${l}`).join('');
}

/** pfSense writes such texts as entities inside CDATA. */
function cdata(value: string): string {
  return `<![CDATA[${escapeXml(value)}]]>`;
}

function escapeXml(value: string): string {
  const names: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#039;',
  };
  return value.replace(/[&<>"']/g, (c) => names[c] ?? c);
}

function inside(text: string, element: Element, before: string | undefined, after: string): Splice {
  const found = content(text, element);
  if (before !== undefined && found !== before) {
    throw new Refusal(
      `<${element.name}> holds ${JSON.stringify(found)}, not ${JSON.stringify(before)}`,
      element.start,
    );
  }
  return { start: element.innerStart, end: element.innerEnd, text: escapeXml(after) };
}

function content(text: string, element: Element): string {
  return text.slice(element.innerStart, element.innerEnd);
}

function child(element: Element, name: string): Element {
  const found = element.children.filter((c) => c.name === name);
  const [only] = found;
  if (only === undefined || found.length > 1)
    throw new Refusal(`<${name}> is there ${found.length} times in <${element.name}>`, element.start);
  return only;
}

function nth(root: Element, path: readonly string[], name: string, index: number | undefined): Element {
  const parent = path.reduce(child, root);
  const found = index === undefined ? undefined : parent.children.filter((c) => c.name === name)[index];
  if (found === undefined)
    throw new Refusal(`<${path.join('/')}> has no ${name} ${index ?? '?'}`, parent.start);
  return found;
}

/** The tree of elements with their offsets. */
function parseXml(text: string): Element {
  const parser = new SaxesParser({ position: true });
  const stack: Element[] = [
    { name: '', start: 0, innerStart: 0, innerEnd: text.length, end: text.length, children: [] },
  ];
  parser.on('error', (error) => {
    throw new Refusal(`it does not parse as XML: ${error.message}`);
  });
  parser.on('opentag', (tag) => {
    const at = parser.position;
    const start = text.lastIndexOf('<', at - 1);
    const element: Element = { name: tag.name, start, innerStart: at, innerEnd: at, end: at, children: [] };
    stack.at(-1)?.children.push(element);
    stack.push(element);
  });
  parser.on('closetag', (tag) => {
    const element = stack.pop();
    if (element === undefined) return;
    element.end = parser.position;
    if (!tag.isSelfClosing) element.innerEnd = text.lastIndexOf('</', parser.position);
  });
  parser.write(text).close();
  const root = stack[0]?.children[0];
  if (root === undefined) throw new Refusal('it holds no element');
  return root;
}

/** The same tags before and behind the place: an edit never changes the shape of anything else. */
function mustParseAlike(before: string, after: string): void {
  const names = (text: string) => flat(parseXml(text)).length;
  const difference = Math.abs(names(after) - names(before));
  if (difference !== 0 && difference !== 6) throw new Refusal('the edit would change something else, too');
}

function flat(element: Element): readonly Element[] {
  return [element, ...element.children.flatMap(flat)];
}
