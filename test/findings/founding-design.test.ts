/** The table of docs/founding-design.md against what Sightline really says of the example and its variants. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkEstate } from '#app/check.ts';
import { loadSnapshot } from '#app/load-snapshot.ts';
import type { Finding } from '#findings/finding.ts';
import { rules } from '#findings/registry.ts';
import { root } from '../architecture/project.ts';

interface Row {
  readonly id: string;
  readonly says: string;
  readonly command: string;
  readonly code: string;
  readonly on: string;
  readonly verdict: string;
  readonly evidence: string;
  readonly answer: string;
}

const page = readFileSync(join(root, 'docs/founding-design.md'), 'utf8');
const rows: readonly Row[] = page
  .split('\n')
  .filter((l) => /^\| [A-Z]\d+[a-z]? \|/.test(l))
  .map((l) => {
    const [id = '', says = '', command = '', code = '', on = '', verdict = '', evidence = '', answer = ''] = l
      .split('|')
      .slice(1, -1)
      .map((c) => c.trim());
    return { id, says, command, code, on, verdict, evidence, answer };
  });

const reports = new Map<string, Promise<readonly Finding[]>>();

function findingsOn(estate: string): Promise<readonly Finding[]> {
  const known =
    reports.get(estate) ?? loadSnapshot(folderOf(estate)).then((s) => checkEstate(s, estate).findings);
  reports.set(estate, known);
  return known;
}

function folderOf(estate: string): string {
  return join(root, estate === 'home-lab' ? 'examples/home-lab' : `examples/home-lab-variants/${estate}`);
}

describe('the table', () => {
  it('covers the document: statements, decisions, risks, scope, documents, and the eighteen points of the review', () => {
    const count = (letter: string) => rows.filter((r) => r.id.startsWith(letter)).length;
    expect(count('P') + count('S') + count('T')).toBeGreaterThanOrEqual(17);
    expect([count('D'), count('R'), count('O'), count('A')]).toEqual([5, 8, 3, 5]);
    const review = new Set(rows.filter((r) => r.id.startsWith('V')).map((r) => r.id.replace(/[a-z]$/, '')));
    expect(review.size).toBe(18);
    expect(new Set(rows.map((r) => r.id)).size).toBe(rows.length);
  });

  it('names commands, codes and files that exist', () => {
    const commands = readFileSync(join(root, 'src/cli/main.ts'), 'utf8');
    for (const r of rows) {
      const isThere = commands.includes(`'${r.command} `) || commands.includes(`'${r.command}'`);
      expect(isThere || planned.has(r.command), `${r.id}: ${r.command}`).toBe(true);
      expect(
        rules.map((x) => x.code),
        r.id,
      ).toContain(r.code);
      expect(existsSync(folderOf(r.on)), r.on).toBe(true);
      const isInBase = existsSync(join(root, 'examples/home-lab', r.evidence));
      expect(isInBase || existsSync(join(folderOf(r.on), r.evidence)), r.evidence).toBe(true);
      expect(r.says.length > 5 && r.answer.length > 4, r.id).toBe(true);
    }
  });
});

/** Commands that the product has and that a later part brings. */
const planned = new Set(['runbook']);

describe.each(rows)('$id on $on: $code is $verdict', (row) => {
  it('comes out with evidence in the file', async () => {
    const found = (await findingsOn(row.on)).filter(
      (f) => f.code === row.code && verdictOf(f) === row.verdict,
    );
    expect(
      found.map((f) => f.title),
      'a finding with the verdict',
    ).not.toEqual([]);
    const places = found.flatMap((f) => f.claims.flatMap((c) => c.evidence));
    const place = places.find((e) => e.file === row.evidence);
    expect(
      place,
      `evidence in ${row.evidence}, of ${[...new Set(places.map((p) => p.file))].join(', ')}`,
    ).toBeDefined();
    expect(place?.line ?? place?.object, 'down to the line or object').toBeDefined();
  }, 30_000);
});

function verdictOf(f: Finding): string {
  return f.certainty === 'unknown' ? 'unknown' : f.severity;
}

describe('numbers of the document', () => {
  it('2522 of 2525, as 10.0.20.103, with three public addresses', async () => {
    const [found] = (await findingsOn('home-lab')).filter((f) => f.code === 'client-masked');
    const says = found?.claims.map((c) => c.says).join('\n');
    expect(found?.title).toContain('10.0.20.103');
    expect(says).toContain('2522 of 2525');
    expect(says).toContain('3 from 3 public addresses');
    expect(says).toMatch(/election: k8s-node3/);
    expect(found?.affects.names.length).toBeGreaterThanOrEqual(24);
  });

  it('nine other Services keep the address, by name', async () => {
    const [found] = (await findingsOn('home-lab')).filter((f) => f.code === 'flip-in-place');
    const kept = found?.claims.find((c) => c.says.startsWith('9 other Services'))?.says ?? '';
    for (const name of [
      'dbaas/postgresql-lb',
      'headscale/headscale-server',
      'wireguard/wireguard',
      'coturn/coturn',
      'xray/xray-reality',
      'shadowsocks/shadowsocks',
      'beads-server/dolt',
      'servarr/qbittorrent-torrenting',
      'tor-proxy/torrserver-bt',
    ])
      expect(kept).toContain(name);
  });

  it('10.0.20.203, then k8s-node4, node5, node2', async () => {
    const all = await findingsOn('home-lab');
    expect(all.find((f) => f.code === 'address-free')?.title).toContain('10.0.20.203');
    expect(all.find((f) => f.code === 'eligible-nodes')?.claims[0]?.says).toContain(
      'k8s-node4, k8s-node5, k8s-node2',
    );
  });
});
