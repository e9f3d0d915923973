/* The Kubernetes stand-in refuses what the API server refuses, and records who owns what as it does. */
import { request } from 'node:https';
import { afterEach, describe, expect, it } from 'vitest';
import { type KubernetesStandIn, startKubernetes } from './kubernetes.ts';

const service = (extra: Record<string, unknown> = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'traefik', namespace: 'traefik' },
  spec: {
    type: 'LoadBalancer',
    selector: { app: 'traefik' },
    ports: [
      { name: 'websecure', port: 443, protocol: 'TCP', targetPort: 'websecure' },
      { name: 'websecure-http3', port: 443, protocol: 'UDP', targetPort: 'websecure-http3' },
    ],
    ...extra,
  },
});
const path = '/api/v1/namespaces/traefik/services';
let kube: KubernetesStandIn;
afterEach(() => kube.stop());

interface Reply {
  status: number;
  body: Record<string, never> & { [key: string]: unknown };
}
function ask(
  method: string,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((done, fail) => {
    const target = new URL(url, kube.url);
    const sent = request(
      target,
      {
        method,
        ...(kube.ca !== undefined && { ca: kube.ca }),
        headers: {
          authorization: `Bearer ${kube.token}`,
          'content-length': String(Buffer.byteLength(text)),
          ...headers,
        },
      },
      (answer) => {
        let got = '';
        answer.on('data', (c) => {
          got += c;
        });
        answer.on('end', () =>
          done({ status: answer.statusCode ?? 0, body: JSON.parse(got.split('\n')[0] ?? '') }),
        );
        answer.on('error', fail);
      },
    );
    sent.on('error', fail);
    sent.end(text);
  });
}
const apply = (object: unknown, manager: string, more = '') =>
  ask('PATCH', `${path}/traefik?fieldManager=${manager}${more}`, object, {
    'content-type': 'application/apply-patch+yaml',
  });
const jsonPatch = (operations: unknown, more = '') =>
  ask('PATCH', `${path}/traefik?fieldManager=test${more}`, operations, {
    'content-type': 'application/json-patch+json',
  });
const at = (value: unknown, ...keys: (string | number)[]): unknown =>
  keys.reduce<unknown>((v, k) => (v as Record<string, unknown> | undefined)?.[k], value);

describe('Services', () => {
  it('get addresses, node ports and a health check port, and keep them', async () => {
    kube = await startKubernetes({ objects: [] });
    const made = await ask('POST', path, service({ externalTrafficPolicy: 'Local' }));
    expect(made.status).toBe(201);
    expect(at(made.body, 'spec', 'clusterIP')).toMatch(/^10\.96\./);
    expect(at(made.body, 'spec', 'healthCheckNodePort')).toBeGreaterThanOrEqual(30_000);
    const applied = await jsonPatch([{ op: 'add', path: '/metadata/annotations', value: { a: 'b' } }]);
    expect(at(applied.body, 'spec')).toEqual(at(made.body, 'spec'));
  });

  it.each<[string, unknown, number, RegExp]>([
    [
      'a port twice',
      {
        ports: [
          { name: 'a', port: 1 },
          { name: 'b', port: 1 },
        ],
      },
      422,
      /Duplicate value/,
    ],
    ['ports without names', { ports: [{ port: 1 }, { port: 2 }] }, 422, /name: Required value/],
    [
      'a policy on a ClusterIP',
      { type: 'ClusterIP', externalTrafficPolicy: 'Local' },
      422,
      /externally-accessible/,
    ],
    ['a node port out of range', { ports: [{ port: 1, nodePort: 80 }] }, 422, /30000-32767/],
  ])('are refused with %s', async (_, extra, status, says) => {
    kube = await startKubernetes({ objects: [] });
    const reply = await ask('POST', path, service(extra as Record<string, unknown>));
    expect([reply.status, reply.body.message]).toEqual([status, expect.stringMatching(says)]);
    expect(kube.objects()).toEqual([]);
  });

  it('keep their cluster address: it cannot be changed', async () => {
    kube = await startKubernetes({
      objects: [service({ clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'] })],
    });
    const reply = await jsonPatch([{ op: 'replace', path: '/spec/clusterIPs/0', value: '10.96.0.10' }]);
    expect([reply.status, reply.body.message]).toEqual([
      422,
      expect.stringMatching(/may not change once set/),
    ]);
  });

  it('lose what only a LoadBalancer has when they stop being one', async () => {
    kube = await startKubernetes({ objects: [] });
    await ask('POST', path, service({ externalTrafficPolicy: 'Local' }));
    const reply = await jsonPatch([{ op: 'replace', path: '/spec/type', value: 'ClusterIP' }]);
    expect(at(reply.body, 'spec')).not.toMatchObject({ externalTrafficPolicy: expect.anything() });
    expect(at(reply.body, 'spec', 'healthCheckNodePort')).toBeUndefined();
    expect(at(reply.body, 'spec', 'ports', 0, 'nodePort')).toBeUndefined();
  });

  it('fold 443/TCP and 443/UDP under a strategic merge, and not under server-side apply', async () => {
    kube = await startKubernetes({ objects: [service({ clusterIP: '10.96.0.9' })] });
    const ports = [{ name: 'websecure-http3', port: 443, protocol: 'UDP', targetPort: 8443 }];
    const headers = { 'content-type': 'application/strategic-merge-patch+json' };
    const both = await ask('PATCH', `${path}/traefik?dryRun=All`, { spec: { ports } }, headers);
    expect(both.body.message).toMatch(/Duplicate value/);
    await jsonPatch([{ op: 'remove', path: '/spec/ports/1' }]);
    const folded = await ask('PATCH', `${path}/traefik?dryRun=All`, { spec: { ports } }, headers);
    expect(at(folded.body, 'spec', 'ports')).toEqual([
      expect.objectContaining({ port: 443, protocol: 'UDP' }),
    ]);
    const { apiVersion, kind, metadata } = service();
    const kept = await apply({ apiVersion, kind, metadata, spec: { ports } }, 'sightline', '&force=true');
    expect(at(kept.body, 'spec', 'ports', 0)).toMatchObject({ port: 443, protocol: 'TCP' });
    expect(at(kept.body, 'spec', 'ports', 1)).toMatchObject({ port: 443, protocol: 'UDP', targetPort: 8443 });
  });
});

describe('server-side apply', () => {
  it('meets a conflict that names the owner and the field, and gives way only to force', async () => {
    kube = await startKubernetes({ objects: [] });
    await apply(service({ externalTrafficPolicy: 'Cluster' }), 'helm');
    const { apiVersion, kind, metadata } = service();
    const wanted = { apiVersion, kind, metadata, spec: { externalTrafficPolicy: 'Local' } };
    const refused = await apply(wanted, 'sightline');
    expect(refused.status).toBe(409);
    expect(at(refused.body, 'details', 'causes')).toEqual([
      {
        reason: 'FieldManagerConflict',
        message: 'conflict with "helm"',
        field: '.spec.externalTrafficPolicy',
      },
    ]);
    expect((await apply(wanted, 'sightline', '&force=true')).status).toBe(200);
    const again = await apply(service({ externalTrafficPolicy: 'Cluster' }), 'helm');
    expect(at(again.body, 'details', 'causes', 0, 'message')).toBe('conflict with "sightline"');
  });

  it('takes away what its manager no longer states and nobody else owns', async () => {
    kube = await startKubernetes({ objects: [] });
    await apply(service({ loadBalancerSourceRanges: ['10.0.0.0/8'] }), 'helm');
    const reply = await apply(service(), 'helm');
    expect(at(reply.body, 'spec', 'loadBalancerSourceRanges')).toBeUndefined();
  });

  it('needs a field manager and the whole name', async () => {
    kube = await startKubernetes({ objects: [] });
    const type = { 'content-type': 'application/apply-patch+yaml' };
    expect((await ask('PATCH', `${path}/traefik`, service(), type)).status).toBe(422);
    expect((await ask('PATCH', `${path}/other?fieldManager=x`, service(), type)).status).toBe(400);
    expect(
      (
        await ask(
          'PATCH',
          `${path}/traefik?fieldManager=x&fieldValidation=Strict`,
          service({ prots: [] }),
          type,
        )
      ).body.message,
    ).toMatch(/unknown field "spec.prots"/);
  });

  it('hands a field over to whoever updates it', async () => {
    kube = await startKubernetes({ objects: [] });
    await apply(service({ externalTrafficPolicy: 'Cluster' }), 'helm');
    await jsonPatch([{ op: 'replace', path: '/spec/externalTrafficPolicy', value: 'Local' }]);
    const fields = at(
      kube.get({ kind: 'Service', namespace: 'traefik', name: 'traefik' }),
      'metadata',
      'managedFields',
    ) as { manager: string; fieldsV1: unknown }[];
    expect(at(fields.find((f) => f.manager === 'test')?.fieldsV1, 'f:spec')).toEqual({
      'f:externalTrafficPolicy': {},
    });
    expect(at(fields.find((f) => f.manager === 'helm')?.fieldsV1, 'f:spec')).not.toHaveProperty(
      'f:externalTrafficPolicy',
    );
  });
});

describe('writes', () => {
  it('are refused on an older version, and say nothing of a failed test', async () => {
    kube = await startKubernetes({ objects: [service({ clusterIP: '10.96.0.9' })] });
    const old = await jsonPatch([{ op: 'replace', path: '/metadata/resourceVersion', value: '1' }]);
    expect([old.status, old.body.reason]).toEqual([409, 'Conflict']);
    const test = await jsonPatch([{ op: 'test', path: '/spec/type', value: 'NodePort' }]);
    expect([test.status, test.body.reason]).toEqual([422, 'Invalid']);
  });

  it('leave everything as it was in a dry run, and when nothing changes', async () => {
    kube = await startKubernetes({ objects: [service({ clusterIP: '10.96.0.9' })] });
    const before = kube.objects();
    const dry = await jsonPatch(
      [{ op: 'add', path: '/spec/externalTrafficPolicy', value: 'Local' }],
      '&dryRun=All',
    );
    expect(at(dry.body, 'spec', 'externalTrafficPolicy')).toBe('Local');
    expect(kube.objects()).toEqual(before);
  });

  it('delete with preconditions, and wait for finalizers', async () => {
    const kept = { ...service(), metadata: { ...service().metadata, uid: 'u1', finalizers: ['x/y'] } };
    kube = await startKubernetes({ objects: [kept] });
    expect((await ask('DELETE', `${path}/traefik`, { preconditions: { uid: 'other' } })).status).toBe(409);
    expect((await ask('DELETE', `${path}/traefik`)).status).toBe(200);
    expect(at(kube.objects()[0], 'metadata', 'deletionTimestamp')).toBeDefined();
    await jsonPatch([{ op: 'remove', path: '/metadata/finalizers' }]);
    expect(kube.objects()).toEqual([]);
  });

  it('of status leave the rest alone, and the other way round', async () => {
    kube = await startKubernetes({ objects: [service({ clusterIP: '10.96.0.9' })] });
    const named = { kind: 'Service', namespace: 'traefik', name: 'traefik' };
    kube.write(
      named,
      (o) => ({ ...o, spec: {}, status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } }),
      { subresource: 'status' },
    );
    await jsonPatch([
      { op: 'add', path: '/status', value: {} },
      { op: 'replace', path: '/spec/type', value: 'NodePort' },
    ]);
    expect(at(kube.get(named), 'status', 'loadBalancer', 'ingress', 0, 'ip')).toBe('192.0.2.1');
    expect(at(kube.get(named), 'spec', 'type')).toBe('NodePort');
  });
});

describe('reading', () => {
  it('discovers, lists and watches', async () => {
    kube = await startKubernetes({
      objects: [{ kind: 'List', items: [service({ clusterIP: '10.96.0.9' })] }],
    });
    expect((await ask('GET', '/api/v1')).body.resources).toContainEqual(
      expect.objectContaining({ name: 'services/status' }),
    );
    const list = await ask('GET', '/api/v1/services');
    expect(list.body.items).toHaveLength(1);
    const version = at(list.body, 'metadata', 'resourceVersion');
    const watching = ask('GET', `/api/v1/services?watch=true&timeoutSeconds=1&resourceVersion=${version}`);
    await new Promise((done) => setTimeout(done, 50));
    await jsonPatch([{ op: 'add', path: '/metadata/labels', value: { a: 'b' } }]);
    expect((await watching).body).toMatchObject({
      type: 'MODIFIED',
      object: { metadata: { labels: { a: 'b' } } },
    });
  });

  it('needs a token with the right', async () => {
    const rules = [{ apiGroups: [''], resources: ['services'], verbs: ['get'] }];
    kube = await startKubernetes({ objects: [service()], users: [{ name: 'reader', token: 'r', rules }] });
    expect((await ask('GET', path, undefined, { authorization: 'Bearer nobody' })).status).toBe(401);
    expect((await ask('GET', `${path}/traefik`, undefined, { authorization: 'Bearer r' })).status).toBe(200);
    const refused = await ask('DELETE', `${path}/traefik`, undefined, { authorization: 'Bearer r' });
    expect([refused.status, refused.body.message]).toEqual([
      403,
      expect.stringMatching(/User "reader" cannot delete/),
    ]);
    expect(kube.deeds.at(-1)).toMatchObject({ verb: 'delete', resource: 'services', user: 'reader' });
  });
});
