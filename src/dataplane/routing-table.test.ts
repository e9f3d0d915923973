/* Which route takes a request: paths by the rules of each API, the order among several, classes and programs. */
import { describe, expect, test } from 'vitest';
import type { Fact } from '#estate/fact.ts';
import type { Kinds } from '#estate/kinds.ts';
import { dnsName } from '#net/name.ts';
import { homeReader, ingress, route } from '#test/estates.ts';
import { lost } from '#test/variations/variation.ts';
import { chooseRoute } from './routing-table.ts';

type From = Kinds['route']['from'];
type Path = NonNullable<Kinds['route']['match']['path']>;

/** A route of one host and path, of every entry point. */
const pathRoute = (
  name: string,
  from: From,
  type: Path['type'],
  value: string,
  more: Partial<Kinds['route']> = {},
) =>
  route(name, 'paths.example.org', {
    from,
    match: { hosts: ['paths.example.org'], path: { type, value }, isComplete: true },
    entryPoints: [],
    ...more,
  });
const bare = (name: string, from: From, more: Partial<Kinds['route']> = {}) =>
  route(name, 'paths.example.org', { from, entryPoints: [], ...more });

interface Ask {
  readonly path?: string;
  readonly host?: string | undefined;
  readonly ingress?: Partial<Kinds['ingress']>;
}

function chosen(add: readonly Fact[], ask: Ask = {}): string {
  const at = ingress({}, ask.ingress).value;
  const secure = at.listeners[1];
  if (!secure) throw new Error('there are two listeners');
  const { path = '/', host = 'paths.example.org' } = ask;
  const found = chooseRoute(homeReader({ add }), at, secure, { host: dnsName(host), path });
  return found.kind === 'route' ? found.route.value.name : found.kind === 'gap' ? found.gap.id : 'none';
}

describe('paths', () => {
  const cases: readonly [From, Path['type'], string, string, boolean][] = [
    ['Ingress', 'exact', '/foo', '/foo', true],
    ['Ingress', 'exact', '/foo', '/foo/', false],
    ['Ingress', 'prefix', '/foo', '/foo', true],
    ['Ingress', 'prefix', '/foo', '/foo/bar', true],
    ['Ingress', 'prefix', '/foo', '/foobar', false],
    ['Ingress', 'prefix', '/foo/', '/foo', true],
    ['Ingress', 'prefix', '/', '/anything', true],
    ['HTTPRoute', 'prefix', '/foo', '/foobar', false],
    ['IngressRoute', 'prefix', '/foo', '/foobar', true],
    ['IngressRoute', 'prefix', '/foo', '/bar', false],
    ['IngressRoute', 'regex', '^/foo[0-9]$', '/foo1', true],
  ];
  test.each(cases)('%s %s %s for %s: %s', (from, type, value, path, holds) => {
    expect(chosen([pathRoute('it', from, type, value)], { path })).toBe(holds ? 'it' : 'none');
  });
});

describe('the order', () => {
  const cases: readonly [string, readonly Fact[], string][] = [
    ['a higher priority first', [bare('b', 'Ingress', { priority: 9 }), bare('a', 'Ingress')], 'b'],
    ['then a path before none', [bare('a', 'Ingress'), pathRoute('b', 'Ingress', 'prefix', '/')], 'b'],
    ['then by name', [bare('b', 'Ingress'), bare('a', 'Ingress')], 'a'],
  ];
  test.each(cases)('%s', (_name, add, is) => {
    expect(chosen(add)).toBe(is);
  });
  const notComplete = (name: string, more: Partial<Kinds['route']> = {}) =>
    route(name, 'paths.example.org', {
      match: { hosts: ['paths.example.org'], isComplete: false, rule: 'HeaderRegexp(`X`, `y`)' },
      priority: 9,
      ...more,
    });
  test.each([
    [
      'one that is not evaluated, and the next does the same',
      [notComplete('b'), bare('a', 'IngressRoute')],
      'a',
    ],
    [
      'and the next leads elsewhere',
      [notComplete('b'), bare('a', 'IngressRoute', { backend: { service: 'apps/else', port: 80 } })],
      'route/home/IngressRoute/apps/b',
    ],
    ['and there is no next', [notComplete('b')], 'route/home/IngressRoute/apps/b'],
  ] as const)('%s', (_name, add, is) => {
    expect(chosen(add)).toBe(is);
  });
});

describe('who reads the route', () => {
  const nginx = { program: 'ingress-nginx' as const };
  const classed = { ingressClass: 'internal' };
  test.each([
    ['IngressRoute: Traefik', bare('it', 'IngressRoute'), {}, 'it'],
    ['IngressRoute: nobody else', bare('it', 'IngressRoute'), nginx, 'none'],
    ['IngressRouteTCP: nobody else', bare('it', 'IngressRouteTCP'), nginx, 'none'],
    ['IngressRouteUDP: not for HTTP', bare('it', 'IngressRouteUDP'), {}, 'none'],
    ['Ingress: any', bare('it', 'Ingress'), nginx, 'it'],
    ['of its class', bare('it', 'Ingress', classed), classed, 'it'],
    ['of another class', bare('it', 'Ingress', classed), { ingressClass: 'external' }, 'none'],
    ['of a class, where the ingress tells none', bare('it', 'Ingress', classed), {}, 'it'],
    ['of no class', bare('it', 'Ingress'), classed, 'it'],
    ['of another entry point', bare('it', 'IngressRoute', { entryPoints: ['web'] }), {}, 'none'],
  ] as const)('%s', (_name, fact, more, is) => {
    expect(chosen([fact], { ingress: more })).toBe(is);
  });
});

test('a gap of routes keeps every choice open', () => {
  const at = ingress().value;
  const [listener] = at.listeners;
  if (!listener) throw new Error('there are two listeners');
  const reader = homeReader({ gaps: [lost('route', 'cluster/home')] });
  const request = { host: dnsName('immich.example.org'), path: '/' };
  expect(chooseRoute(reader, at, listener, request)).toMatchObject({
    kind: 'gap',
    gap: { id: 'lost/route' },
  });
});
