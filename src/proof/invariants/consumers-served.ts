/*
 * Who dials an address that a Service leaves is still served there, also where no flow stands for it: node files such as
 * a registry mirror, found by what they say.
 */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { dialled } from '#estate/reference-places.ts';
import type { Ip } from '#net/ip.ts';
import { broken, holds, type StateInvariant } from '../invariant.ts';
import type { LinePoint } from '../line.ts';

export const consumersServed: StateInvariant = {
  code: 'consumers-served',
  check: ({ point, start }) => {
    if (!point.isSettled || isInsideWindow(point)) return holds;
    const { reader } = point.view;
    for (const ip of leftAddresses(start, reader)) {
      for (const mention of reader.by('mention', 'ip', ip)) {
        if (!isConsumer(mention)) continue;
        const port = portOf(mention);
        if (!isServed(start, ip, port) || isServed(reader, ip, port)) continue;
        return broken(`${mention.key} dials ${ip}:${port}, and nothing serves that any more`);
      }
    }
    return tooEarly(start, reader, point.view.overlay.values()) ?? holds;
  },
};

/** Inside a declared window, but not where its stage leaves the world. */
function isInsideWindow({ stage, point }: LinePoint): boolean {
  return (
    stage?.window !== undefined && (point.direction === 'back' || point.after !== stage.changes.at(-1)?.id)
  );
}

/** A file that was re-pointed to an address where nothing answers (yet). */
function tooEarly(start: Reader, now: Reader, facts: Iterable<Fact | undefined>) {
  for (const fact of facts) {
    if (fact?.kind !== 'mention') continue;
    const mention = fact as Fact<'mention'>;
    const was = start.get('mention', fact.key.slice('mention:'.length));
    const { ip } = mention.value;
    if (ip === undefined || was?.value.ip === undefined || was.value.ip === ip || !isConsumer(mention))
      continue;
    const port = portOf(was);
    if (!isServed(start, was.value.ip, port) || isServed(now, ip, port)) continue;
    return broken(`${fact.key} dials ${ip}:${port}, and nothing serves that yet`);
  }
  return undefined;
}

/** Addresses that some Service had and has no more. */
function leftAddresses(start: Reader, now: Reader): ReadonlySet<Ip> {
  const left = new Set<Ip>();
  for (const f of start.all('service')) {
    const is = now.get('service', f.key.slice('service:'.length));
    if (is === f) continue;
    for (const { ip } of f.value.vips) if (!is?.value.vips.some((v) => v.ip === ip)) left.add(ip);
  }
  return left;
}

/** Files of nodes and programs; what a repository says is its owner's business, and prose dials nobody. */
function isConsumer({ value }: Fact<'mention'>): boolean {
  const isProse = value.syntax === 'markdown' || value.syntax === 'comment' || value.syntax === 'text';
  return value.system.startsWith('node/') && !isProse;
}

/** The port of the URL that the address stands in; HTTPS where none is said. */
function portOf({ value }: Fact<'mention'>): number {
  const url = /[a-z]+:\/\/[^\s"']+/.exec(value.path ?? '')?.[0] ?? value.text;
  return dialled(url)?.port ?? 443;
}

function isServed(reader: Reader, ip: Ip, port: number): boolean {
  return reader.by('service', 'vip', ip).some((s) => s.value.ports.some((p) => p.port === port));
}
