/* Whom a bouncer takes for the client, and what it does with decisions as CrowdSec's stream tells them. */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Decisions, makeBouncer } from './bouncer.ts';

const rule = { trustedPeers: ['10.10.0.0/16'], exemptClients: ['10.0.20.0/22'] };
const decisions = { holds: (address: string) => ['198.51.100.7', '10.0.20.103'].includes(address) };

test.each([
  { name: 'a banned peer', peer: '198.51.100.7', headers: {}, isRefused: true },
  { name: 'another peer', peer: '198.51.100.8', headers: {}, isRefused: false },
  { name: 'a banned peer that is exempt', peer: '10.0.20.103', headers: {}, isRefused: false },
  {
    name: 'a trusted peer that tells a banned client',
    peer: '10.10.3.3',
    headers: { 'x-forwarded-for': '192.0.2.1, 198.51.100.7' },
    isRefused: true,
  },
  {
    name: 'a stranger that claims one',
    peer: '192.0.2.9',
    headers: { 'x-forwarded-for': '198.51.100.7' },
    isRefused: false,
  },
  {
    name: 'a trusted peer that tells nonsense',
    peer: '10.10.3.3',
    headers: { 'x-forwarded-for': 'nonsense' },
    isRefused: false,
  },
])('$name', ({ peer, headers, isRefused }) => {
  expect(makeBouncer(rule, decisions)(peer, headers)).toBe(isRefused);
});

test('another header, where the plugin is told one', () => {
  const isRefused = makeBouncer({ ...rule, header: 'cf-connecting-ip' }, decisions);
  expect(isRefused('10.10.3.3', { 'cf-connecting-ip': '198.51.100.7' })).toBe(true);
  expect(isRefused('10.10.3.3', { 'x-forwarded-for': '198.51.100.7' })).toBe(false);
});

test('decisions come and go with the stream, ranges too; a captcha is no ban', async () => {
  const rounds = [
    {
      new: [
        { value: '192.0.2.0/24', type: 'ban' },
        { value: '198.51.100.9', type: 'captcha' },
      ],
    },
    { new: null, deleted: [{ value: '192.0.2.0/24', type: 'ban' }] },
  ];
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(`${request.url} ${request.headers['x-api-key']}`);
    response.end(JSON.stringify(rounds[asked.length - 1] ?? {}));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const copy = new Decisions();
  const stop = copy.poll({ url: `http://127.0.0.1:${port}`, key: 'k', everyMs: 150 }, undefined);
  const until = async (isHeld: boolean) => {
    for (let at = 0; at < 60 && copy.holds('192.0.2.7') !== isHeld; at++) await sleep(20);
    return copy.holds('192.0.2.7');
  };
  expect(await until(true)).toBe(true);
  expect(copy.holds('198.51.100.9')).toBe(false);
  expect(await until(false)).toBe(false);
  stop();
  server.close();
  expect(asked.slice(0, 2)).toEqual([
    '/v1/decisions/stream?startup=true k',
    '/v1/decisions/stream?startup=false k',
  ]);
});
