/* Corners of MetalLB's rules that no upstream table reaches: found by mutants that nothing noticed. */
import { describe, expect, it } from 'vitest';
import type { Service } from '#estate/kubernetes.ts';
import { ip } from '#net/ip.ts';
import { advertisement, node, pool, service, slice, vip } from '#test/exact/home.ts';
import { preferenceScores, resolveAd } from './advertisement.ts';
import { addFamily, allocateAny, allocateFromPool, familiesOf, type Wanted } from './allocate.ts';
import { type Allocations, allocationsOf, assign, noAllocations, unassign } from './allocations.ts';
import { converge, wantedBy } from './converge.ts';
import { elect, shouldAnnounce } from './election.ts';
import { newestL2Rules } from './l2-rules.ts';
import { isPoolFor } from './pool.ts';
import { matchesSelector } from './selector.ts';
import { sharingKeyOf } from './sharing.ts';

const one = ip('10.0.20.200');
const two = ip('10.0.20.201');
const six = ip('fd00::200');
const four = pool('four', ['10.0.20.200-10.0.20.201']);
const both = pool('both', ['10.0.20.200-10.0.20.201', 'fd00::200-fd00::201']);
const wanted = (more: Partial<Wanted> = {}): Wanted => ({
  service: 'apps/edge',
  namespace: 'apps',
  labels: {},
  ports: ['tcp/443'],
  key: { sharing: '', backend: '' },
  families: 'ipv4',
  policy: 'SingleStack',
  primary: 4,
  ...more,
});
const none = (...pools: (typeof four)[]) => noAllocations(pools);
const held = (pools: readonly (typeof four)[], ...ips: (typeof one)[]): Allocations =>
  allocationsOf(pools, [['apps/edge', { pool: 'four', ips, ports: ['tcp/443'], key: wanted().key }]]);
const ask = (allocations: Allocations, change: Partial<Service>, status: readonly (typeof one)[] = []) =>
  converge(allocations, service('edge', { vips: [], ...change }), status);

describe('allocation', () => {
  it('from a named pool: what it holds of the right family, and no less than it needs', () => {
    expect(allocateFromPool(held([four], one), wanted(), 'four')).toMatchObject({
      ok: true,
      choices: [{ ips: [one] }],
    });
    expect(allocateFromPool(held([four], one), wanted({ families: 'ipv6' }), 'four').ok).toBe(false);
    expect(allocateFromPool(none(four), wanted({ families: 'ipv6' }), 'four').ok).toBe(false);
    expect(allocateFromPool(none(pool('four', ['fd00::200'])), wanted(), 'four').ok).toBe(false);
    const dual = { families: 'dual' as const };
    expect(allocateFromPool(none(four), wanted({ ...dual, policy: 'RequireDualStack' }), 'four').ok).toBe(
      false,
    );
    expect(allocateFromPool(none(four), wanted({ ...dual, policy: 'PreferDualStack' }), 'four').ok).toBe(
      true,
    );
    expect(
      allocateFromPool(none(pool('four', [])), wanted({ ...dual, policy: 'PreferDualStack' }), 'four').ok,
    ).toBe(false);
    expect(allocateFromPool(none(both), wanted(dual), 'both')).toMatchObject({
      choices: [{ ips: [one, six] }],
    });
  });

  it('another family from a pool that is not there', () => {
    expect(addFamily(none(four), wanted(), 'gone', one).ok).toBe(false);
  });

  it('families of addresses', () => {
    expect(familiesOf([])).toBeUndefined();
    expect(familiesOf([one, six, two])).toBeUndefined();
    expect(familiesOf([one, six])).toBe('dual');
    expect(familiesOf([one, two])).toBeUndefined();
  });

  it('a pool for others is not open, and one without priority comes last', () => {
    const allocation = { priority: 0, namespaces: ['other'], namespaceSelectors: [], serviceSelectors: [] };
    expect(allocateAny(none({ ...four, serviceAllocation: allocation }), wanted()).ok).toBe(false);
    const mine = { ...allocation, namespaces: ['apps'] };
    const last = { ...four, name: 'last', serviceAllocation: mine };
    const first = { ...pool('first', ['10.0.21.1']), serviceAllocation: { ...mine, priority: 9 } };
    expect(allocateAny(none(last, first), wanted())).toMatchObject({ choices: [{ pool: 'first' }] });
  });

  it('a namespace of which no labels are known is in no pool that selects by them', () => {
    const allocation = {
      priority: 0,
      namespaces: [],
      namespaceSelectors: [{ matchLabels: {} }],
      serviceSelectors: [],
    };
    const selecting = { ...four, serviceAllocation: allocation };
    expect(isPoolFor(selecting, wanted())).toBe(false);
    expect(isPoolFor(selecting, wanted({ namespaceLabels: {} }))).toBe(true);
  });

  it('who has left an address no longer objects to another key', () => {
    const key = { sharing: 'a', backend: '' };
    const shared = allocationsOf(
      [four],
      [
        ['apps/edge', { pool: 'four', ips: [one], ports: ['tcp/443'], key }],
        ['apps/gone', { pool: 'four', ips: [one], ports: ['tcp/80'], key }],
      ],
    );
    const other = wanted({ key: { sharing: 'b', backend: '' } });
    expect(assign(shared, other, [one]).ok).toBe(false);
    expect(assign(unassign(shared, 'apps/gone'), other, [one]).ok).toBe(true);
  });

  it('a Service without selector has an empty backend key', () => {
    const { selector: _, ...bare } = service('edge', { externalPolicy: 'local' });
    expect(sharingKeyOf(bare)).toEqual({ sharing: '', backend: '' });
  });
});

describe('convergence', () => {
  it('says that something was cleared only where there was something', () => {
    expect(ask(none(four), { type: 'ClusterIP' }).cleared).toBeUndefined();
    expect(ask(held([four], one), { type: 'ClusterIP' }, [one]).cleared).toBeDefined();
    expect(ask(none(four), {})).toMatchObject({ ok: true, outcomes: [{ ips: [one], pool: 'four' }] });
    expect(ask(none(four), {}, [ip('192.0.2.1')])).toMatchObject({ ok: true, outcomes: [{ ips: [one] }] });
    expect(ask(none(four), {}, [ip('192.0.2.1')]).cleared).toBeDefined();
  });

  it('two ClusterIPs of one family: nothing is changed, and nothing is held for nothing', () => {
    const clusterIps = [ip('10.43.0.10'), ip('10.43.0.11')];
    const kept = ask(held([four], one), { clusterIps }, [one]);
    expect(kept).toMatchObject({ ok: false, outcomes: [{ ips: [one] }] });
    expect(kept.outcomes[0]?.allocations.byService.size).toBe(1);
    expect(ask(held([four], one), { clusterIps }).outcomes[0]?.allocations.byService.size).toBe(0);
  });

  it('the first family is the one that is named, else that of the ClusterIP', () => {
    const primary = (change: Partial<Service>) => wantedBy(service('edge', change), 'dual').primary;
    const clusterIps = [ip('fd43::1'), ip('10.43.0.10')];
    expect(primary({ clusterIps, ipFamilies: [4, 6] })).toBe(4);
    expect(primary({ clusterIps, ipFamilies: [] })).toBe(6);
  });

  it('keeps an address of the pool that is asked for', () => {
    const kept = ask(held([four], one), { requestedPool: 'four' }, [one]);
    expect(kept).toMatchObject({ ok: true, outcomes: [{ ips: [one], pool: 'four' }] });
    expect(kept.cleared).toBeUndefined();
  });

  it('names the pool of an address that is asked for: the one named, else the first that owns it', () => {
    const pools = [four, { ...four, name: 'same' }];
    const got = (change: Partial<Service>) =>
      ask(none(...pools), { loadBalancerIp: '10.0.20.201', ...change }).outcomes;
    expect(got({})).toMatchObject([{ ips: [two], pool: 'four' }]);
    expect(got({ requestedPool: 'same' })).toMatchObject([{ ips: [two], pool: 'same' }]);
  });

  it('a wish that is no address ends the round after clearing', () => {
    const wish = { loadBalancerIp: 'nonsense' };
    const end = ask(none(four), wish, [ip('192.0.2.1')]);
    expect(end).toMatchObject({ ok: false, outcomes: [{ ips: [] }] });
    expect(end.warnings).toHaveLength(1);
    expect(end.cleared).toMatch(/pool/);
  });

  it('an address of the other family is no address of a Service with one', () => {
    const change = { ipFamilyPolicy: 'PreferDualStack' as const };
    const end = ask(none(both), change, [six]);
    expect(end.cleared).toBeDefined();
    expect(end.outcomes[0]?.ips).toEqual([one]);
  });
});

describe('announcing', () => {
  const nodes = [node('k8s-node1')];
  const ad = resolveAd(advertisement('a'), nodes);
  const election = {
    service: { labels: {}, externalPolicy: 'cluster' as const },
    ip: vip,
    ads: ad ? [ad] : [],
    slices: [slice('edge', ['k8s-node1'])],
    speakers: ['k8s-node1', 'k8s-node2'],
    nodes,
    ignoreExcludeLabel: false,
    rules: newestL2Rules,
  };

  it('a node outside of the advertisements refuses in the words of its release', () => {
    expect(shouldAnnounce(election, 'k8s-node2')).toBe('noMatchingAdvertisement');
    const older = { ...election, rules: { ...newestL2Rules, serviceSelectors: false } };
    expect(shouldAnnounce(older, 'k8s-node2')).toBe('notOwner');
    expect(elect({ ...older, ads: [] }).refusal).toBe('noMatchingAdvertisement');
  });

  it('interfaces: those named, else all', () => {
    expect(ad?.interfaces).toBe('all');
    expect(resolveAd(advertisement('a', { interfaces: ['eth1'] }), nodes)?.interfaces).toEqual(['eth1']);
  });

  it('a selector that Kubernetes refuses', () => {
    const refused = (operator: string, values?: readonly string[]) =>
      preferenceScores(
        [
          {
            weight: 1,
            selector: {
              matchExpressions: [{ key: 'a', operator: operator as 'In', ...(values && { values }) }],
            },
          },
        ],
        nodes,
      ) === undefined;
    expect(refused('Like')).toBe(true);
    expect(refused('In')).toBe(true);
    expect(refused('In', ['x'])).toBe(false);
    expect(refused('Exists', ['x'])).toBe(true);
    expect(refused('Exists')).toBe(false);
  });

  it('a label that is asked for and is not there', () => {
    const exists = { matchExpressions: [{ key: 'a', operator: 'Exists' as const }] };
    expect(matchesSelector(exists, {})).toBe(false);
    expect(matchesSelector(exists, { a: '' })).toBe(true);
  });
});
