/* Traefik's static configuration: arguments, variables and files say the same. */
import { describe, expect, it } from 'vitest';
import { readStatic, settingsFromContainer, settingsFromFile } from './traefik-static.ts';

const container = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => ({
  name: 'traefik',
  image: 'traefik:v3.6.7',
  args,
  env,
  ports: [],
});

const untrusting = { from: [], everyone: false };
const websecure = {
  name: 'websecure',
  port: 8443,
  protocol: 'tcp',
  tls: true,
  http3: {},
  forwardedHeaders: { from: ['10.10.0.0/16'], everyone: false },
  middlewares: ['traefik-bouncer@kubernetescrd'],
  isDefault: true,
};

const args = [
  '--entryPoints.websecure.address=:8443/tcp',
  '--entryPoints.websecure.http3=true',
  '--entryPoints.websecure.http.tls=true',
  '--entryPoints.websecure.http.middlewares=traefik-bouncer@kubernetescrd',
  '--entryPoints.websecure.forwardedHeaders.trustedIPs=10.10.0.0/16',
  '--providers.kubernetesingress.ingressendpoint.publishedservice=traefik/traefik',
  '--accesslog=true',
  '--accesslog.format=json',
];

describe('readStatic', () => {
  it('reads arguments, without regard to case', () => {
    const read = readStatic(
      settingsFromContainer(container(args.map((a) => a.replace('entryPoints', 'entrypoints')))),
      '3.6.7',
    );
    expect(read).toEqual({
      listeners: [websecure],
      publishedService: 'traefik/traefik',
      accessLog: { format: 'json', keepsHeaders: false },
      problems: [],
    });
  });

  it('reads variables where there are no arguments', () => {
    const env = {
      TRAEFIK_ENTRYPOINTS_WEBSECURE_ADDRESS: ':8443',
      TRAEFIK_ENTRYPOINTS_WEBSECURE_HTTP3_ADVERTISEDPORT: '443',
    };
    const read = readStatic(settingsFromContainer(container([], env)), '3.6.7');
    expect(read.listeners[0]).toMatchObject({ port: 8443, http3: { advertisedPort: 443 } });
  });

  it('reads a file', () => {
    const file = {
      entryPoints: {
        websecure: {
          address: ':8443/tcp',
          http3: {},
          http: { tls: {}, middlewares: ['traefik-bouncer@kubernetescrd'] },
          forwardedHeaders: { trustedIPs: ['10.10.0.0/16'] },
        },
      },
    };
    expect(readStatic(settingsFromFile(file), '3.6.7').listeners).toEqual([websecure]);
  });

  const entry = (...more: readonly string[]) =>
    readStatic(settingsFromContainer(container(['--entryPoints.e.address=:8000', ...more])), '3.6.7');
  const cases: readonly { name: string; more: readonly string[]; expected: object }[] = [
    {
      name: 'nothing more',
      more: [],
      expected: { tls: false, forwardedHeaders: untrusting, isDefault: true },
    },
    {
      name: 'advertised port 0 is none',
      more: ['--entryPoints.e.http3.advertisedPort=0'],
      expected: { http3: {} },
    },
    { name: 'http3 turned off', more: ['--entryPoints.e.http3=false'], expected: { tls: false } },
    {
      name: 'insecure headers',
      more: ['--entryPoints.e.forwardedHeaders.insecure=true'],
      expected: { forwardedHeaders: { from: [], everyone: true } },
    },
    {
      name: 'indexed lists',
      more: [
        '--entryPoints.e.proxyProtocol.trustedIPs[0]=10.0.0.1',
        '--entryPoints.e.proxyProtocol.trustedIPs[1]=10.1.0.0/16',
      ],
      expected: { proxyProtocol: { from: ['10.0.0.1/32', '10.1.0.0/16'], everyone: false } },
    },
    {
      name: 'redirection',
      more: ['--entryPoints.e.http.redirections.entryPoint.to=websecure'],
      expected: { redirectsTo: 'websecure' },
    },
    {
      name: 'another default',
      more: ['--entryPoints.f.address=:9', '--entryPoints.f.asDefault=true'],
      expected: { isDefault: false },
    },
  ];
  it.each(cases)('$name', ({ more, expected }) => {
    const read = entry(...more);
    expect(read.listeners[0]).toMatchObject(expected);
    if (!('http3' in expected)) expect(read.listeners[0]).not.toHaveProperty('http3');
  });

  it('knows that HTTP/3 was experimental in version 2', () => {
    const two = (more: readonly string[]) =>
      readStatic(
        settingsFromContainer(container(['--entryPoints.e.address=:443', '--entryPoints.e.http3', ...more])),
        '2.11.0',
      );
    expect(two([]).listeners[0]?.http3).toBeUndefined();
    expect(two(['--experimental.http3=true']).listeners[0]?.http3).toEqual({});
  });

  it('says what it cannot read instead of guessing', () => {
    expect(
      readStatic(settingsFromContainer(container(['--entryPoints.e.http.tls=true'])), undefined).problems,
    ).toHaveLength(1);
    expect(entry('--entryPoints.e.forwardedHeaders.trustedIPs=10.0.0.0/33').problems).toHaveLength(1);
  });
});
