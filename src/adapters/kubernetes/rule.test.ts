/* Traefik's rules, both versions' forms. */
import { describe, expect, it } from 'vitest';
import { parseRule } from './rule.ts';

const cases: readonly { rule: string; matches: readonly object[] }[] = [
  { rule: 'Host(`a.example.org`)', matches: [{ hosts: ['a.example.org'], isComplete: true }] },
  {
    rule: 'Host(`A.Example.org`, `b.example.org`)',
    matches: [{ hosts: ['a.example.org', 'b.example.org'], isComplete: true }],
  },
  { rule: 'Host(`a`) || Host(`b`)', matches: [{ hosts: ['a', 'b'], isComplete: true }] },
  {
    rule: '(Host(`a`) || Host(`b`)) && PathPrefix(`/x`)',
    matches: [{ hosts: ['a', 'b'], path: { type: 'prefix', value: '/x' }, isComplete: true }],
  },
  {
    rule: 'Host(`a`) && PathPrefix(`/x`) || Host(`b`) && Path(`/y`)',
    matches: [
      { hosts: ['a'], path: { type: 'prefix', value: '/x' }, isComplete: true },
      { hosts: ['b'], path: { type: 'exact', value: '/y' }, isComplete: true },
    ],
  },
  { rule: 'PathPrefix(`/`)', matches: [{ hosts: [], isComplete: true }] },
  { rule: 'HostSNI(`*`)', matches: [{ hosts: [], isComplete: true }] },
  { rule: 'HostSNI("a.example.org")', matches: [{ hosts: ['a.example.org'], isComplete: true }] },
  { rule: 'HostRegexp(`^.+\\.example\\.org$`)', matches: [{ hosts: ['*.example.org'], isComplete: false }] },
  {
    rule: 'HostRegexp(`{sub:[a-z]+}.example.org`)',
    matches: [{ hosts: ['*.example.org'], isComplete: false }],
  },
  { rule: 'HostRegexp(`^(a|b)[0-9]$`)', matches: [{ hosts: [], isComplete: false }] },
  { rule: 'Host(`a`) && Header(`X`, `y`)', matches: [{ hosts: ['a'], isComplete: false }] },
  { rule: 'Host(`a`) && !ClientIP(`10.0.0.0/8`)', matches: [{ hosts: ['a'], isComplete: false }] },
  { rule: 'Host(`a`) && Host(`b`)', matches: [] },
  { rule: 'Host(`a`', matches: [{ hosts: [], isComplete: false }] },
  { rule: '', matches: [{ hosts: [], isComplete: false }] },
];

describe('parseRule', () => {
  it.each(cases)('$rule', ({ rule, matches }) => {
    expect(parseRule(rule)).toEqual(matches.map((m) => ({ ...m, rule })));
  });

  it('gives up on a rule with more ways than anybody writes', () => {
    const rule = Array.from({ length: 12 }, (_, i) => `(Host(\`a${i}\`) || Path(\`/b${i}\`))`).join(' && ');
    expect(parseRule(rule)).toEqual([{ hosts: [], isComplete: false, rule }]);
  });
});
