/* The script run for real, against the stand-in of Technitium's API: what it must not reset stays, and a second run stops. */
import { execFile, spawnSync } from 'node:child_process';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeEstate, readerOf } from '#estate/estate.ts';
import { fact } from '#estate/fact.ts';
import { startTechnitium, type TechnitiumStandIn } from '#lab/stand-ins/technitium.ts';
import { technitiumScript } from './technitium-script.ts';

const name = 'example.org';
const record = { server: 'dns/inside', zone: name, name, type: 'A', ttlSeconds: 300, values: ['10.0.0.1'] };
let server: TechnitiumStandIn;
// the script says itself that it needs them; a machine without cannot run it
const isRunnable = ['curl', 'jq'].every((program) => spawnSync(program, ['--version']).status === 0);
const runs = it.skipIf(!isRunnable);

beforeEach(async () => {
  const comments = 'the "house" & $more `x`';
  server = await startTechnitium({
    records: [
      { zone: name, name, type: 'A', ttl: 60, comments, expiryTtl: 900, rData: { ipAddress: '10.0.0.1' } },
      { zone: name, name, type: 'A', ttl: 60, rData: { ipAddress: '10.0.0.9' } },
    ],
  });
});
afterEach(() => server.stop());

function script(after: object): string {
  const access = { system: 'dns/inside', credential: 'env:DNS_TOKEN', needs: [] };
  const reader = readerOf(makeEstate([fact('systemAccess', access, { file: 'x' })]));
  const task = { input: { reader }, planned: { title: 'Re-point' }, slug: '01-c', way: 'forward' };
  return technitiumScript(task as never, server.url, record as never, { ...record, ...after } as never);
}

function run(text: string, token = server.token): Promise<number> {
  return new Promise((resolve) => {
    const child = execFile('sh', { env: { ...process.env, DNS_TOKEN: token } }, (error) => {
      resolve(error === null ? 0 : Number(error.code));
    });
    child.stdin?.end(text);
  });
}

const addresses = () => server.records().map((r) => `${r.rData.ipAddress} ${r.ttl}`);

runs('changes one value and keeps all that an update would reset', async () => {
  expect(await run(script({ values: ['10.0.0.2'] }))).toBe(0);
  expect(addresses().sort()).toEqual(['10.0.0.2 300', '10.0.0.9 60']);
  expect(server.records().find((r) => r.rData.ipAddress === '10.0.0.2')).toMatchObject({
    comments: 'the "house" & $more `x`',
    expiryTtl: 900,
    disabled: false,
  });
  expect(await run(script({ values: ['10.0.0.2'] }))).not.toBe(0);
});

runs('adds and deletes', async () => {
  expect(await run(script({ values: ['10.0.0.1', '10.0.0.3'] }))).toBe(0);
  expect(addresses()).toContain('10.0.0.3 300');
  expect(await run(script({ values: [] }))).toBe(0);
  expect(addresses().some((a) => a.startsWith('10.0.0.1 '))).toBe(false);
});

runs('changes nothing with a wrong token', async () => {
  const before = server.records();
  expect(await run(script({ values: ['10.0.0.2'] }), 'wrong')).not.toBe(0);
  expect(server.records()).toEqual(before);
});
