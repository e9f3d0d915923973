/* The script must be valid POSIX sh, read only, and leave a snapshot.json that lists just what was read. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { collectScript } from './collect-script.ts';

const folder = mkdtempSync(join(tmpdir(), 'collect-'));
afterAll(() => rmSync(folder, { recursive: true }));

function run(into: string, kubectl: string, env: Record<string, string> = {}): string {
  const script = join(folder, 'collect.sh');
  writeFileSync(script, collectScript(into));
  writeFileSync(join(folder, 'kubectl'), `#!/bin/sh\n${kubectl}\n`);
  chmodSync(join(folder, 'kubectl'), 0o755);
  const PATH = `${folder}:${process.env.PATH}`;
  return execFileSync('sh', [script], {
    env: { PATH, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  }).toString();
}

describe('collectScript', () => {
  it('lists what was read, and leaves out what was not', () => {
    const into = join(folder, "it's a folder");
    run(
      into,
      'case $2 in pods) echo Forbidden >&2; exit 1;; gateways*) echo "error: the server doesn\'t have a resource type" >&2; exit 1;; esac; echo "kind: List"',
    );
    const listed = JSON.parse(readFileSync(join(into, 'snapshot.json'), 'utf8')) as {
      files: { path: string }[];
    };
    const paths = listed.files.map((f) => f.path);
    expect(paths).toContain('cluster/home/services.yaml');
    expect(paths).toContain('sightline.yaml');
    expect(paths).toContain('cluster/home/gateways.gateway.networking.k8s.io.yaml');
    expect(paths).not.toContain('cluster/home/pods.yaml');
    expect(existsSync(join(into, 'cluster/home/pods.yaml'))).toBe(false);
    for (const p of paths) expect(existsSync(join(into, p))).toBe(true);
  });

  it('never overwrites a snapshot', () => {
    const into = join(folder, 'twice');
    run(into, 'echo "kind: List"');
    expect(() => run(into, 'echo "kind: List"')).toThrow();
  });

  it('asks kubectl for nothing but get and logs, and exec only for cscli list', () => {
    const commands = collectScript('x').replace(/#.*|echo ".*"/g, '');
    const verbs = [...commands.matchAll(/kubectl (\w+)/g)].map((m) => m[1]);
    expect(new Set(verbs)).toEqual(new Set(['get', 'logs', 'exec']));
    expect(collectScript('x')).not.toMatch(/\b(apply|patch|delete|create|edit|scale)\b/);
  });
});
