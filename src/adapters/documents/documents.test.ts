/* The example's documents: what has to follow the move, and what must not. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { documentAfter } from './edit-documents.ts';
import { type DocumentMove, lineAfter } from './statements.ts';

const move: DocumentMove = {
  service: 'traefik/traefik',
  newService: 'traefik/traefik',
  from: '10.0.20.200',
  to: '10.0.20.203',
  policy: { before: 'Cluster', after: 'Local' },
  ports: [80, 443],
  stays: [
    'dbaas/postgresql-lb',
    'headscale/headscale-server',
    'wireguard/wireguard',
    'coturn/coturn',
    'xray/xray-reality',
    'shadowsocks/shadowsocks',
    'beads-server/dolt',
    'servarr/qbittorrent-torrenting',
    'tor-proxy/torrserver-bt',
  ],
  names: ['viktorbarzin.me'],
  aliases: [{ before: 'nginx', after: 'traefik_lb' }],
};
const infra = new URL('../../../examples/home-lab/source/infra/', import.meta.url);

function differing(path: string, of: DocumentMove = move): string[] {
  const text = readFileSync(new URL(path, infra), 'utf8');
  const { after, unclear } = documentAfter(path, text, of);
  const [was, is] = [text.split('\n'), after.split('\n')];
  return [...is.filter((l) => !was.includes(l)), ...unclear.map((u) => `? ${u.line}: ${u.text}`)];
}

describe('the documents of the example', () => {
  it('CLAUDE.md', () => {
    expect(differing('.claude/CLAUDE.md')).toEqual([
      '- MetalLB (layer 2) hands out 10.0.20.200-10.0.20.220. `10.0.20.200` is shared by 9 Services (`metallb.io/allow-shared-ip: shared`), all `externalTrafficPolicy: Cluster`.',
      '- Traefik LB: `10.0.20.203`, three replicas, PDB minAvailable 2.',
      '- Inside, `viktorbarzin.me` is an A record for `10.0.20.203`; every application is a CNAME to it.',
      '- pfSense forwards 80 and 443 (TCP and UDP) to alias `traefik_lb`, the rest to alias `k8s_shared_lb`.',
    ]);
  });
  it('the networking page', () => {
    expect(differing('docs/architecture/networking.md')).toEqual([
      "MetalLB announces 10.0.20.200-10.0.20.220 by ARP. Traefik's LoadBalancer address is **10.0.20.203** with `externalTrafficPolicy: Local`; it has the address to itself.",
      '- Direct applications: public A record, ISP router, pfSense (alias `traefik_lb`), 10.0.20.203, Traefik.',
      '- Inside: Technitium answers `viktorbarzin.me` with 10.0.20.203.',
    ]);
  });
  it('the service catalogue', () => {
    expect(differing('.claude/reference/service-catalog.md')).toEqual([
      '| 10.0.20.203 | traefik/traefik | 80/tcp, 443/tcp, 443/udp | Local |',
    ]);
    expect(
      differing('.claude/reference/service-catalog.md', { ...move, newService: 'traefik/traefik-lb' }),
    ).toEqual(['| 10.0.20.203 | traefik/traefik-lb | 80/tcp, 443/tcp, 443/udp | Local |']);
  });
  it('the page of forwards', () => {
    expect(differing('docs/runbooks/pfsense-port-forwards.md')).toEqual([
      '| nginx | 10.0.20.200 | nothing any more |',
      '| traefik_lb | 10.0.20.203 | 80/tcp, 443/tcp, 443/udp |',
    ]);
  });
});

describe('lines', () => {
  it.each([
    ['a range', 'MetalLB hands out 10.0.20.200-10.0.20.220', 'same'],
    ['more digits', '10.0.20.2001 and 110.0.20.200', 'same'],
    ['another port', 'state at 10.0.20.200:5432', 'same'],
    ['another Service', 'dolt listens on 10.0.20.200', 'same'],
    ['both', 'traefik and dolt share 10.0.20.200', 'unclear'],
    ['neither', 'ask 10.0.20.200', 'unclear'],
    ['a wrong count', '10.0.20.200 is shared by 7 Services', 'unclear'],
    ['the end of a sentence', 'Traefik is at 10.0.20.200.', 'changed'],
  ])('%s', (_, line, kind) => {
    expect(lineAfter(line, move).kind).toBe(kind);
  });
});

describe('however a document is written', () => {
  const files = [
    'docs/architecture/networking.md',
    '.claude/CLAUDE.md',
    'docs/runbooks/pfsense-port-forwards.md',
  ];
  it.each(files)('%s: the same lines follow, and every other byte stays', (file) => {
    const text = readFileSync(new URL(file, infra), 'utf8');
    const edited = (t: string) => documentAfter(file, t, move).after;
    expect(edited(text)).not.toBe(text);
    expect(edited(text.replaceAll('\n', '\r\n'))).toBe(edited(text).replaceAll('\n', '\r\n'));
    expect(edited(text.replace(/\n$/, ''))).toBe(edited(text).replace(/\n$/, ''));
    expect(edited(`\n\n${text}\n`)).toBe(`\n\n${edited(text)}\n`);
  });
});
