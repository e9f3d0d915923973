/* What the prover says of a rehearsal's traffic, on the example's additive plan, with nodes lost and without. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { AttemptProtocol } from '#lab/traffic/attempt.ts';
import { type OpenPlan, openPlan } from './prove.ts';
import { expectAt, type Position } from './rehearse-expect.ts';
import type { PlannedLoad } from './rehearse-traffic.ts';

const name = 'affine.viktorbarzin.me';
let opened: OpenPlan;

beforeAll(async () => {
  opened = await openPlan(join(import.meta.dirname, '../../examples/home-lab/change/additive/plan.json'));
});

function load(vantage: string, protocol: AttemptProtocol, more: Partial<PlannedLoad['load']['target']> = {}) {
  const target = { protocol, address: '', port: 443, serverName: name, ...more };
  const own = `${vantage} ${protocol} ${target.address}`;
  return {
    vantage,
    what: protocol,
    to: name,
    host: '',
    load: { name: own, perSecond: 1, target },
  } satisfies PlannedLoad;
}

function said(one: PlannedLoad, position: Position) {
  const { snapshot, plan } = opened;
  return expectAt(snapshot.estate, plan, [one], position).get(one.load.name);
}

describe('the application', () => {
  test.each<{ vantage: string; position: Position; expected: string }>([
    { vantage: 'lan', position: { before: 'start' }, expected: 'good' },
    { vantage: 'internet', position: { before: 'end' }, expected: 'good' },
    { vantage: 'lan', position: { before: 'end', lostNode: 'k8s-node3' }, expected: 'good' },
    // Its one pod runs there.
    { vantage: 'lan', position: { before: 'end', lostNode: 'k8s-node4' }, expected: 'bad' },
    { vantage: 'node', position: { before: 'start', lostNode: 'k8s-node1' }, expected: 'nobody-asks' },
  ])('$vantage, $position: $expected', ({ vantage, position, expected }) => {
    expect(said(load(vantage, 'http1'), position)).toBe(expected);
  });
});

test('before a change is the state in which the ones before it are done', () => {
  const ids = opened.plan.stages.flatMap((s) => s.changes.map((c) => c.id));
  const retired = opened.plan.stages.find((s) => s.id === 'retire')?.changes[0]?.id ?? '';
  const old = load('lan', 'http1', { address: '10.0.20.200' });
  expect(said(old, { before: ids[0] ?? '' })).toBe('good');
  expect(said(old, { before: retired })).toBe('good');
  expect(said(old, { before: 'end' })).toBe('bad');
});

test('what the lab cannot show is not expected of it', () => {
  expect(said(load('tailnet', 'http3'), { before: 'start' })).toBe('unknown');
  const publicDns = load('internet', 'dns', { address: '192.0.2.53', port: 53 });
  expect(said(publicDns, { before: 'start' })).toBe('unknown');
});

test('a change or a node that is not there is refused', () => {
  expect(() => said(load('lan', 'http1'), { before: 'nothing' })).toThrow('no change nothing');
  expect(() => said(load('lan', 'http1'), { before: 'end', lostNode: 'nobody' })).toThrow('no node nobody');
});
