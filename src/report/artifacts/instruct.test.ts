/* Each kind of change by hand, and the worst names that a snapshot could hold. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Fact, fact } from '#estate/fact.ts';
import type { Plan } from '#plan/plan.ts';
import { artifactInput } from '#test/artifact-input.ts';
import { blocksToMarkdown } from '../runbook/blocks-markdown.ts';
import { renderRunbook } from '../runbook/runbook.ts';
import type { ArtifactInput } from './context.ts';
import { artifactFiles } from './files.ts';
import { instruct } from './instruct.ts';
import { verifyScript } from './verify.ts';

const evidence = { file: 'x' };
const of = (kind: Fact['kind'], value: object): Fact => fact(kind, value as never, evidence);
function inputOf(
  system: string,
  settings: readonly object[],
  facts: readonly Fact[],
  by = 'operator',
): ArtifactInput {
  const change = { kind: 'set', settings };
  const because = { says: 'it must', serves: 'goal', evidence: [] };
  return artifactInput([{ id: 'c', title: 'Change', change, through: { by, system }, because }], facts);
}

function made(input: ArtifactInput, way: 'forward' | 'back' = 'forward') {
  const { make, check, files } = instruct(input, 'c', way);
  return { text: blocksToMarkdown([...make, ...check]), files };
}

const service = {
  cluster: 'home',
  namespace: 'web',
  name: 'edge',
  type: 'LoadBalancer',
  labels: {},
  annotations: { 'metallb.universe.tf/loadBalancerIPs': '10.0.0.1' },
  selector: { app: 'edge' },
  ports: [
    { name: 'tls', port: 443, protocol: 'tcp', targetPort: 'tls' },
    { name: 'quic', port: 443, protocol: 'udp', targetPort: 'quic' },
  ],
  clusterIps: [],
  externalIps: [],
  externalPolicy: 'cluster',
  internalPolicy: 'cluster',
  ipFamilies: [4],
  ipFamilyPolicy: 'SingleStack',
  sourceRanges: [],
  requestedIps: '10.0.0.1',
  sharingKey: 'shared',
  allocateNodePorts: true,
  vips: [{ ip: '10.0.0.1', ipMode: 'VIP' }],
};

describe('a Service through the API', () => {
  const setting = {
    of: 'service',
    id: 'home/web/edge',
    before: { requestedIps: '10.0.0.1', sharingKey: 'shared', externalPolicy: 'cluster' },
    after: { requestedIps: '10.0.0.2', externalPolicy: 'local' },
  };
  const input = inputOf('cluster/home', [setting], [of('service', service)], 'api');

  it('is patched by JSON patch, tested first, under the spelling that it has', () => {
    const [file] = made(input).files;
    expect(file?.path).toBe('patches/01-c.edge.json');
    expect(JSON.parse(file?.text ?? '')).toEqual([
      { op: 'test', path: '/metadata/annotations/metallb.universe.tf~1loadBalancerIPs', value: '10.0.0.1' },
      { op: 'test', path: '/metadata/annotations/metallb.io~1allow-shared-ip', value: 'shared' },
      { op: 'test', path: '/spec/externalTrafficPolicy', value: 'Cluster' },
      {
        op: 'replace',
        path: '/metadata/annotations/metallb.universe.tf~1loadBalancerIPs',
        value: '10.0.0.2',
      },
      { op: 'remove', path: '/metadata/annotations/metallb.io~1allow-shared-ip' },
      { op: 'replace', path: '/spec/externalTrafficPolicy', value: 'Local' },
    ]);
  });

  it('goes back by the same, turned round', () => {
    const [file] = made(input, 'back').files;
    expect(file?.path).toBe('rollback/01-c.edge.json');
    expect(JSON.parse(file?.text ?? '')).toContainEqual({
      op: 'add',
      path: '/metadata/annotations/metallb.io~1allow-shared-ip',
      value: 'shared',
    });
  });

  it('that is new comes by server-side apply, with both protocols of a port', () => {
    const after = {
      ...service,
      name: 'edge-lb',
      annotations: {},
      requestedIps: '10.0.0.2',
      sharingKey: undefined,
      externalPolicy: 'local',
    };
    const { text, files } = made(
      inputOf(
        'cluster/home',
        [{ of: 'service', id: 'home/web/edge-lb', before: null, after }],
        [of('service', service)],
        'api',
      ),
    );
    expect(text).toContain('apply --server-side --field-manager=sightline --dry-run=server');
    expect(files[0]?.text).toBe(`apiVersion: v1
kind: Service
metadata:
  name: edge-lb
  namespace: web
  annotations:
    metallb.io/loadBalancerIPs: "10.0.0.2"
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  selector:
    app: edge
  ports:
  - name: tls
    port: 443
    protocol: TCP
    targetPort: tls
  - name: quic
    port: 443
    protocol: UDP
    targetPort: quic
`);
  });
});

describe('other systems', () => {
  const record = {
    server: 'dns/inside',
    zone: 'example.org',
    name: 'example.org',
    type: 'A',
    ttlSeconds: 300,
    values: ['10.0.0.1'],
  };
  const resolver = { id: 'dns/inside', program: 'bind', address: '10.0.0.53', serves: ['dns/inside'] };
  const recordSetting = {
    of: 'recordSet',
    id: 'dns/inside||example.org|example.org|A',
    before: { values: ['10.0.0.1'] },
    after: { values: ['10.0.0.2'] },
  };

  it('a record of BIND by nsupdate, with its prerequisite', () => {
    const { files, text } = made(
      inputOf('dns/inside', [recordSetting], [of('recordSet', record), of('resolver', resolver)], 'api'),
    );
    expect(files.map((f) => f.text)).toEqual([
      'server 10.0.0.53\nzone example.org.\nprereq yxrrset example.org. IN A 10.0.0.1\nupdate delete example.org. IN A\nupdate add example.org. 300 IN A 10.0.0.2\nsend\n',
    ]);
    expect(text).toContain('dig +noall +answer @10.0.0.53 example.org A');
  });

  it('a record of Technitium always sends all that it would reset', () => {
    const facts = [
      of('recordSet', record),
      of('resolver', { ...resolver, program: 'technitium' }),
      of('systemAccess', {
        system: 'dns/inside',
        url: 'http://dns:5380',
        credential: 'env:DNS_TOKEN',
        needs: [],
      }),
    ];
    const script = made(inputOf('dns/inside', [recordSetting], facts, 'api')).files[0]?.text ?? '';
    for (const field of [
      'ttl=300',
      'comments=',
      'disable=',
      'expiryTtl=',
      'updateSvcbHints=true',
      'ipAddress=$1',
      'newIpAddress=$2',
      'update 10.0.0.1 10.0.0.2',
    ]) {
      expect(script).toContain(field);
    }
    expect(script).toContain('DNS_TOKEN:?');
    execFileSync('sh', ['-n'], { input: script });
  });

  it('a record keeps what an earlier change of the plan gave it, on the way back, too', () => {
    const facts = [of('recordSet', record), of('resolver', resolver)];
    const lowered = { ...recordSetting, before: { ttlSeconds: 300 }, after: { ttlSeconds: 60 } };
    const input = inputOf('dns/inside', [lowered], facts, 'api');
    const [stage] = input.plan.stages;
    const [first] = stage?.changes ?? [];
    const second = { ...first, id: 'd', change: { kind: 'set', settings: [recordSetting] } };
    const plan = { ...input.plan, stages: [{ ...stage, changes: [first, second] }] } as unknown as Plan;
    const text = (way: 'forward' | 'back', id: string) =>
      instruct({ ...input, plan }, id, way).files[0]?.text;
    expect(text('forward', 'd')).toContain('update add example.org. 60 IN A 10.0.0.2');
    expect(text('back', 'd')).toContain('update add example.org. 60 IN A 10.0.0.1');
    expect(text('back', 'c')).toContain('update add example.org. 300 IN A 10.0.0.1');
  });

  it('rules of a tunnel in one visit', () => {
    const rule = {
      tunnel: 'home',
      position: 0,
      hostname: 'a.example.org',
      service: 'https://10.0.0.1',
      noTlsVerify: true,
    };
    const setting = {
      of: 'tunnelRule',
      id: 'home/00000',
      before: { service: 'https://10.0.0.1' },
      after: { service: 'https://edge.web.svc' },
    };
    const { text, files } = made(inputOf('tunnel/home', [setting], [of('tunnelRule', rule)], 'api'));
    expect(text).toContain('`a.example.org` > **Edit** > Service: `https://edge.web.svc`');
    expect(JSON.parse(files[0]?.text ?? '')).toMatchObject({
      tunnel: 'home',
      ingress: [{ hostname: 'a.example.org' }],
    });
  });

  it('an allowlist by cscli', () => {
    const list = {
      system: 'crowdsec/lapi',
      name: 'family',
      layer: 'lapi',
      ranges: ['10.0.0.0/24'],
      other: [],
    };
    const setting = {
      of: 'banAllowlist',
      id: 'crowdsec/lapi/lapi/family',
      before: { ranges: ['10.0.0.0/24'] },
      after: { ranges: ['10.0.0.0/24', '10.0.10.0/24'] },
    };
    expect(made(inputOf('crowdsec/lapi', [setting], [of('banAllowlist', list)])).text).toContain(
      'cscli allowlists add family 10.0.10.0/24',
    );
  });

  it('an alias that goes says why it may be refused', () => {
    const alias = { firewall: 'fw', name: 'a', type: 'host', entries: ['10.0.0.2'], descr: '' };
    const input = inputOf('firewall/fw', [{ of: 'alias', id: 'fw/a', before: null, after: alias }], []);
    expect(made(input).text).toContain('5. IP or FQDN: `10.0.0.2`');
    expect(made(input, 'back').text).toContain('the bin beside `a`');
  });
});

const evil = "a'; touch pwned; '$(touch pwned)`touch pwned`\n```\n| <img src=x onerror=alert(1)> \u202e# x";

describe('hostile names', () => {
  const facts = [
    of('service', { ...service, namespace: evil, name: evil }),
    of('protectedEndpoint', {
      name: evil,
      ip: '127.0.0.1',
      port: 9,
      protocol: 'tcp',
      from: [evil],
      why: evil,
    }),
    of('protectedEndpoint', {
      name: `${evil}2`,
      ip: '127.0.0.1',
      port: 53,
      protocol: 'udp',
      from: [],
      why: evil,
    }),
    of('tunnelRule', { tunnel: evil, position: 0, hostname: evil, service: evil, noTlsVerify: false }),
    of('recordSet', { server: evil, zone: evil, name: evil, type: 'A', ttlSeconds: 1, values: ['10.0.0.1'] }),
    of('alias', { firewall: evil, name: evil, type: 'host', entries: [evil], descr: evil }),
  ];
  const settings = [
    {
      of: 'service',
      id: `home/${evil}/${evil}`,
      before: { externalPolicy: 'cluster' },
      after: { externalPolicy: 'local' },
    },
    {
      of: 'recordSet',
      id: `${evil}||${evil}|${evil}|A`,
      before: { values: ['10.0.0.1'] },
      after: { values: ['10.0.0.2'] },
    },
    { of: 'tunnelRule', id: `${evil}/00000`, before: { service: evil }, after: { service: evil } },
    { of: 'monitor', id: `${evil}|x`, before: { expectsIp: '10.0.0.1' }, after: { expectsIp: '10.0.0.2' } },
  ];
  const base = inputOf(evil, settings, facts, 'api');
  const goal = { kind: 'move', service: `home/${evil}/${evil}`, to: '10.0.0.2', policy: 'local' };
  const input = { ...base, plan: { ...base.plan, goal } as unknown as Plan };

  it('run nothing in the checks, nor in any command that is shown', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sightline-hostile-'));
    try {
      for (const stub of [
        'kubectl',
        'curl',
        'dig',
        'pg_isready',
        'git',
        'jq',
        'nsupdate',
        'sleep',
        'cscli',
      ]) {
        writeFileSync(join(folder, stub), '#!/bin/sh\nexit 1\n');
        chmodSync(join(folder, stub), 0o755);
      }
      const env = { PATH: `${folder}:/usr/bin:/bin`, ARTIFACTS: folder };
      const run = (script: string) => {
        try {
          execFileSync('sh', ['-c', script], { cwd: folder, env, stdio: 'pipe' });
        } catch {
          // the stubs fail: only what is run counts
        }
      };
      run('touch control');
      expect(existsSync(join(folder, 'control'))).toBe(true);
      run(verifyScript(input));
      const shown = (['forward', 'back'] as const).flatMap((way) =>
        instruct(input, 'c', way).make.concat(instruct(input, 'c', way).check),
      );
      const commands = shown.flatMap((b) => (b.kind === 'shell' ? [b.commands] : []));
      expect(commands.length).toBeGreaterThan(2);
      for (const c of commands) run(c);
      for (const f of artifactFiles(input)) if (f.path.endsWith('.sh')) run(f.text);
      expect(existsSync(join(folder, 'pwned'))).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('end no fence, no table and no span of the runbook', () => {
    const markdown = renderRunbook(input);
    const outside = markdown.replace(/^(`{3,})\w*\n[\s\S]*?\n\1$/gm, '').replace(/`[^`\n]*`/g, '');
    expect(outside).not.toMatch(/(?<!\\)<img|\u202e|^```/m);
    expect(markdown.match(/^`{3,}/gm)?.length ?? 0).toBeGreaterThan(0);
    expect((markdown.match(/^`{3,}/gm)?.length ?? 1) % 2).toBe(0);
  });

  it('end no label of the picture', () => {
    const file = artifactFiles(input).find((f) => f.path === 'stages.mmd');
    expect(file?.text).not.toMatch(/<img|`|\$\(/);
  });
});

describe('an ingress by its arguments', () => {
  const listener = { name: 'websecure', port: 8443, protocol: 'tcp', tls: true, middlewares: [] };
  const nobody = { from: [], everyone: false };
  const facts = [
    of('ingress', {
      cluster: 'home',
      namespace: 'traefik',
      name: 'traefik',
      program: 'traefik',
      podLabels: {},
      listeners: [{ ...listener, forwardedHeaders: nobody }],
    }),
  ];
  const changed = (before: object, after: object) =>
    made(
      inputOf('cluster/home', [{ of: 'ingress', id: 'home/traefik/traefik', before, after }], facts, 'api'),
    ).text;
  it('publishes another Service', () => {
    expect(changed({ publishedService: 'a/b' }, { publishedService: 'a/c' })).toContain(
      '`--providers.kubernetesingress.ingressendpoint.publishedservice=a/b` becomes',
    );
  });
  it('believes others', () => {
    const text = changed(
      { listeners: [{ ...listener, forwardedHeaders: nobody }] },
      {
        listeners: [
          {
            ...listener,
            forwardedHeaders: { from: ['10.10.0.0/16'], everyone: false },
            proxyProtocol: { from: ['10.0.20.99/32'], everyone: false },
          },
        ],
      },
    );
    expect(text).toContain('`--entryPoints.websecure.forwardedHeaders.trustedIPs=10.10.0.0/16` is new');
    expect(text).toContain('`--entryPoints.websecure.proxyProtocol.trustedIPs=10.0.20.99/32` is new');
    expect(text).toContain('rollout status deployment/traefik');
  });
});

it('a pool gives an address out no more', () => {
  const ranges = [{ first: '10.0.0.1', last: '10.0.0.9' }];
  const left = [
    { first: '10.0.0.1', last: '10.0.0.1' },
    { first: '10.0.0.3', last: '10.0.0.9' },
  ];
  const setting = {
    of: 'pool',
    id: 'home/metallb-system/default',
    before: { ranges },
    after: { ranges: left },
  };
  const { text, files } = made(inputOf('cluster/home', [setting], [], 'api'));
  expect(JSON.parse(files[0]?.text ?? '')).toEqual([
    { op: 'replace', path: '/spec/addresses', value: ['10.0.0.1/32', '10.0.0.3-10.0.0.9'] },
  ]);
  expect(text).toContain('patch ipaddresspools.metallb.io default --type=json');
});
