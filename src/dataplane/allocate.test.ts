/* What becomes of a Service's addresses, read from an estate. The controller's rules are held by the vectors. */
import { describe, expect, it } from 'vitest';
import { readerOver, writeOf } from '#estate/estate.ts';
import type { Service } from '#estate/kubernetes.ts';
import { ip } from '#net/ip.ts';
import type { Parts } from '#test/exact/home.ts';
import { announcing, gapIn, pool, readHome, service, vip } from '#test/exact/home.ts';
import { allocate } from './allocate.ts';

const run = (mine: Service, parts: Parts = {}, ...gaps: Parameters<typeof gapIn>[]) =>
  allocate(
    readHome(
      { service: [mine], ...parts },
      gaps.map((g) => gapIn(...g)),
    ),
    mine,
  );
const at = (...ips: string[]) => ({ vips: ips.map((i) => ({ ip: ip(i), ipMode: 'VIP' as const })) });
const pending = (name: string, change: Partial<Service> = {}) => service(name, { vips: [], ...change });

describe('allocate', () => {
  it('keeps what it has', () => {
    expect(run(service('edge'))).toMatchObject({
      kind: 'keeps',
      ips: [vip],
      rule: 'MetalLB 0.15.2: controller convergence',
    });
    expect(run(service('edge')).because).toHaveLength(1);
  });

  it('gives the first free address, past those of others', () => {
    const others = [service('a', at('10.0.20.200')), service('b', at('10.0.20.201'))];
    const mine = pending('edge');
    expect(run(mine, { service: [...others, mine] })).toMatchObject({
      kind: 'assigned',
      ips: ['10.0.20.202'],
    });
  });

  it('others hold nothing outside of the pools, and only LoadBalancers hold anything', () => {
    const others = [service('a', { ...at('10.0.20.200'), type: 'NodePort' }), service('b', at('192.0.2.1'))];
    const mine = pending('edge');
    expect(run(mine, { service: [...others, mine] })).toMatchObject({
      kind: 'assigned',
      ips: ['10.0.20.200'],
    });
  });

  it('several open pools: one of them', () => {
    const pools = [pool('a', ['10.0.20.200-10.0.20.209']), pool('b', ['10.0.21.200-10.0.21.209'])];
    expect(run(pending('edge'), { pool: pools })).toMatchObject({
      kind: 'assigned',
      ips: [],
      oneOf: [['10.0.20.200'], ['10.0.21.200']],
    });
  });

  it('a full pool refuses', () => {
    const mine = pending('edge');
    const parts = { pool: [pool('home', ['10.0.20.200'])], service: [service('a', at('10.0.20.200')), mine] };
    expect(run(mine, parts)).toMatchObject({
      kind: 'refused',
      ips: [],
      says: 'it has no address: no available IPs',
    });
  });

  // whichever of the two comes first by name
  it.each(['quic', 'before'])('an edit that breaks the sharing with %s takes the address away', (name) => {
    const other = service(name, {
      sharingKey: 'k',
      ports: [{ port: 443, protocol: 'udp', targetPort: 443 }],
    });
    const mine = service('edge', { sharingKey: 'k' });
    expect(run(mine, { service: [mine, other] }).kind).toBe('keeps');
    const local = { ...mine, externalPolicy: 'local' as const };
    expect(run(local, { service: [local, other] })).toMatchObject({ kind: 'assigned', ips: ['10.0.20.201'] });
    const pinned = { ...local, loadBalancerIp: '10.0.20.200' };
    expect(run(pinned, { service: [pinned, other] })).toMatchObject({
      kind: 'cleared',
      ips: [],
      says: expect.stringMatching(new RegExp(`also used by apps/${name}`)),
    });
  });

  it('two Local Services with one selector share, with two they do not', () => {
    const local = {
      sharingKey: 'k',
      externalPolicy: 'local' as const,
      selector: { app: 'edge', tier: 'front' },
    };
    const quic = service('quic', {
      ...local,
      selector: { tier: 'front', app: 'edge' },
      ports: [{ port: 443, protocol: 'udp', targetPort: 443 }],
    });
    const mine = service('edge', local);
    expect(run(mine, { service: [mine, quic] }).kind).toBe('keeps');
    const apart = { ...quic, selector: { app: 'quic' } };
    expect(run(mine, { service: [mine, apart] }).kind).toBe('assigned');
  });

  it('an address that is not wished for any more is replaced', () => {
    const mine = service('edge', { requestedIps: '10.0.20.205' });
    expect(run(mine)).toMatchObject({
      kind: 'assigned',
      ips: ['10.0.20.205'],
      says: expect.stringMatching(/instead of 10.0.20.200/),
    });
  });

  it('what is no LoadBalancer any more is cleared, what never was is not MetalLB’s', () => {
    expect(run(service('edge', { type: 'ClusterIP' }))).toMatchObject({ kind: 'cleared', ips: [] });
    expect(run(pending('edge', { type: 'ClusterIP' })).kind).toBe('not-metallb');
  });

  it('does not mind a Service of another cluster on the address', () => {
    const away = service('edge', { cluster: 'away' });
    expect(run(service('edge'), { service: [service('edge'), away] }).kind).toBe('keeps');
  });

  it('follows other pools and other Services with the same reader’s facts', () => {
    const others = [service('a', at('10.0.20.200'))];
    const mine = pending('edge');
    const near = [pool('home', ['10.0.20.200-10.0.20.209'])];
    const far = [pool('away', ['10.0.21.200-10.0.21.209'])];
    expect(run(mine, { service: others, pool: near }).ips).toEqual(['10.0.20.201']);
    expect(run(mine, { service: others, pool: far }).ips).toEqual(['10.0.21.200']);
    expect(run(mine, { service: others, pool: [...far, ...near] }).oneOf).toEqual([
      ['10.0.21.200'],
      ['10.0.20.201'],
    ]);
    expect(run(mine, { service: [], pool: near }).ips).toEqual(['10.0.20.200']);
  });

  it('does not keep what it worked out for other pools', () => {
    const mine = pending('edge');
    const below = readHome({ service: [service('a', at('10.0.20.200'))] });
    expect(allocate(below, mine).ips).toEqual(['10.0.20.201']);
    const moved = writeOf(below, 'pool', pool('home', ['10.0.20.200-10.0.20.209'], { avoidBuggyIps: true }));
    const away = writeOf(below, 'pool', pool('home', ['10.0.21.200-10.0.21.209']));
    expect(allocate(readerOver(below, [moved]), mine).ips).toEqual(['10.0.20.201']);
    expect(allocate(readerOver(below, [away]), mine).ips).toEqual(['10.0.21.200']);
    const more = writeOf(below, 'pool', pool('other', ['10.0.21.200']));
    expect(allocate(readerOver(below, [more]), mine).oneOf).toEqual([['10.0.20.201'], ['10.0.21.200']]);
  });

  it('says why', () => {
    expect(run(service('edge', { loadBalancerClass: 'x' })).says).toBe('MetalLB leaves class x to others');
    const classed = [announcing({ loadBalancerClass: 'x' })];
    expect(run(service('edge'), { announcing: classed }).says).toBe('MetalLB leaves class none to others');
    expect(run(pending('edge')).says).toBe('it gets 10.0.20.200');
    expect(run(service('edge', { type: 'ClusterIP' })).says).toBe(
      'it has no address: it is not a LoadBalancer',
    );
    const { version: _, ...unversioned } = announcing();
    expect(run(service('edge'), { announcing: [unversioned] }).rule).toBe(
      'MetalLB any version: controller convergence',
    );
    expect(run(service('edge'), {}, ['pool']).because).toEqual([]);
    const foreign = run(service('edge'), { announcing: [announcing({ program: 'cilium' })] });
    expect(foreign.because.map((e) => e.file)).toEqual(['announcing.yaml']);
  });

  it('reads a namespace’s labels only where a pool asks for them', () => {
    const pools = [
      pool('home', ['10.0.20.200-10.0.20.209'], {
        serviceAllocation: {
          priority: 0,
          namespaces: [],
          namespaceSelectors: [{ matchLabels: { tier: 'edge' } }],
          serviceSelectors: [],
        },
      }),
    ];
    const namespace = (labels: Record<string, string>) => [{ cluster: 'home', name: 'apps', labels }];
    expect(run(pending('edge'), { pool: pools, namespace: namespace({ tier: 'edge' }) }).kind).toBe(
      'assigned',
    );
    expect(run(pending('edge'), { pool: pools, namespace: namespace({}) }).kind).toBe('refused');
    expect(run(pending('edge'), { pool: pools }).gap?.id).toBe('namespace-unknown/apps/home');
    expect(run(pending('edge'), { pool: pools }, ['namespace']).gap?.id).toBe('unread/namespace');
    expect(run(pending('edge'), {}, ['namespace']).kind).toBe('assigned');
  });
});

describe('others that give addresses out', () => {
  it.each(['cilium', 'kube-vip', 'klipper', 'unknown'] as const)('%s: unknown', (program) => {
    expect(run(service('edge'), { announcing: [announcing({ program })] })).toMatchObject({
      kind: 'unknown',
      gap: { id: `announcer-${program}/home` },
    });
  });

  it('none, or another class: left alone', () => {
    expect(run(service('edge'), { announcing: [announcing({ program: 'none' })] })).toMatchObject({
      kind: 'not-metallb',
      ips: [vip],
    });
    expect(run(service('edge', { loadBalancerClass: 'x' }))).toMatchObject({
      kind: 'not-metallb',
      ips: [vip],
    });
  });

  it('nobody knows who: unknown', () => {
    expect(run(service('edge'), { announcing: [] }).gap?.id).toBe('announcer-unknown/home');
    expect(run(service('edge'), { announcing: [] }, ['announcing']).gap?.id).toBe('unread/announcing');
  });
});

describe('gaps', () => {
  it.each(['announcing', 'pool'] as const)('%s not read: unknown', (kind) => {
    expect(run(service('edge'), {}, [kind]).gap?.id).toBe(`unread/${kind}`);
  });

  it('Services not read: what is held stays, what is new may be taken', () => {
    expect(run(service('edge'), {}, ['service']).kind).toBe('keeps');
    expect(run(pending('edge'), {}, ['service']).gap?.id).toBe('unread/service');
    expect(run(pending('edge'), { pool: [] }, ['service']).kind).toBe('refused');
  });

  it('Services on one address with different keys: unknown', () => {
    const udp = { ports: [{ port: 443, protocol: 'udp' as const, targetPort: 443 }] };
    const mine = service('edge', { sharingKey: 'k' });
    const others = [service('a', { ...udp, sharingKey: 'k' }), service('b', { ...udp, sharingKey: 'z' })];
    expect(run(mine, { service: [mine, ...others] }).gap?.id).toBe('sharing-keys/apps/edge/home');
  });
});

describe('neighbours', () => {
  it('a Service of another cluster on the same address is none', () => {
    const mine = service('edge');
    const far = service('far', { cluster: 'away' });
    expect(run(mine, { service: [mine, far] }).kind).toBe('keeps');
    expect(run(mine, { service: [mine, { ...far, cluster: 'home', sharingKey: 'other' }] }).kind).not.toBe(
      'keeps',
    );
  });

  it('the same Services under other pools hold something else', () => {
    const other = service('other', at('10.0.20.200'));
    const mine = pending('edge');
    const under = (range: string) => run(mine, { service: [other, mine], pool: [pool('home', [range])] }).ips;
    expect(under('10.0.20.205-10.0.20.209')).toEqual(['10.0.20.205']);
    expect(under('10.0.20.200-10.0.20.209')).toEqual(['10.0.20.201']);
  });
});
