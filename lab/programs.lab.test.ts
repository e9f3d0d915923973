/**
 * Each program, unpacked into the cache and not installed, does here what the lab and the readers' tests need of it.
 * Traffic stays on 127.0.0.1 and in network namespaces made for one command.
 */
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exchange, freePort, type Running, runProgram, startProgram, untilReady } from './programs/run.ts';
import { type Program, type ProgramName, program, withoutRoot } from './programs.ts';

const search = { useMachine: false };
const inNewNetns =
  process.geteuid?.() === 0 ? ['unshare', '--net'] : ['unshare', '--user', '--map-root-user', '--net'];
let folder = '';
const started: Running[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sightline-programs-'));
});
afterEach(async () => {
  for (const running of started.splice(0)) await running.stop();
  await rm(folder, { recursive: true, force: true });
});

async function need(name: ProgramName, skip: (note: string) => void): Promise<Program> {
  const one = await program(name, search);
  if (one.kind === 'program') return one;
  skip(`${one.message}; as root: ${one.command}`);
  throw new Error(one.message);
}

async function file(name: string, lines: readonly string[]): Promise<string> {
  await writeFile(join(folder, name), `${lines.join('\n')}\n`);
  return join(folder, name);
}

function start(one: Program, args: readonly string[], prefix: readonly string[] = []): Running {
  const running = startProgram(one, args, prefix);
  started.push(running);
  return running;
}

describe('kernel programs, each in a network namespace of its own', () => {
  test('nft loads a NAT ruleset with numgen and lists it', async ({ skip }) => {
    const nft = await need('nft', skip);
    const rules = ['table ip lab {', 'chain in {', 'type nat hook prerouting priority dstnat'];
    rules.push('tcp dport 443 dnat to numgen inc mod 2 map { 0 : 192.0.2.1, 1 : 192.0.2.2 }', '}', '}');
    const loadAndList = [...inNewNetns, 'sh', '-c', '"$0" -f "$1" && "$0" list ruleset'];
    const { stdout } = await runProgram(nft, [await file('rules.nft', rules)], loadAndList);
    expect(stdout).toContain('dnat to numgen inc mod 2 map { 0 : 192.0.2.1, 1 : 192.0.2.2 }');
  });

  test('ip sees only lo', async ({ skip }) => {
    const ip = await need('ip', skip);
    const { stdout } = await runProgram(ip, ['-j', 'link'], inNewNetns);
    expect(JSON.parse(stdout).map((link: { ifname: string }) => link.ifname)).toContain('lo');
  });

  test('iptables (nft) loads its extensions from the cache', async ({ skip }) => {
    const restore = await need('iptables-restore', skip);
    const rule =
      '-A PREROUTING -p tcp -m statistic --mode random --probability 0.5 -j DNAT --to 192.0.2.1:80';
    const path = await file('rules', ['*nat', rule, 'COMMIT']);
    await runProgram(restore, [path], inNewNetns);
  });

  test('conntrack reads an empty table', async ({ skip }) => {
    const { stderr } = await runProgram(await need('conntrack', skip), ['-L'], inNewNetns);
    expect(stderr).toContain('0 flow entries');
  });
});

describe('servers on 127.0.0.1', () => {
  test('named answers the same name differently in two views', async ({ skip }) => {
    const [named, dig, port] = [await need('named', skip), await need('dig', skip), await freePort()];
    const view = (name: string, from: string) =>
      `view ${name} { match-clients { ${from}; }; zone "example.test" { type primary; file "${folder}/${name}.zone"; }; };`;
    const zone = (address: string) => [
      '$TTL 60',
      '@ SOA ns hostmaster 1 60 60 60 60',
      '@ NS ns',
      `ns A ${address}`,
    ];
    await file('inside.zone', zone('10.0.20.203'));
    await file('outside.zone', zone('203.0.113.10'));
    const conf = await file('named.conf', [
      `options { directory "${folder}"; listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; }; pid-file none;`,
      'session-keyfile none; recursion no; dnssec-validation no; }; controls { };',
      view('inside', '127.0.0.2'),
      view('outside', 'any'),
    ]);
    const server = start(named, ['-g', '-n', '1', '-c', conf]);
    const ask = async (from: string) => {
      const question = [
        '@127.0.0.1',
        '-p',
        `${port}`,
        '-b',
        from,
        '+short',
        '+time=1',
        '+tries=1',
        'ns.example.test',
      ];
      return (await runProgram(dig, question)).stdout.trim();
    };
    await untilReady(server, async () => (await ask('127.0.0.1')) !== '');
    expect([await ask('127.0.0.2'), await ask('127.0.0.1')]).toEqual(['10.0.20.203', '203.0.113.10']);
  });

  test('postgres makes a cluster and answers a query', async ({ skip }) => {
    const [initdb, psql, port] = [await need('initdb', skip), await need('psql', skip), await freePort()];
    const data = join(folder, 'data');
    const asUser = withoutRoot([]);
    await runProgram(initdb, ['-D', data, '-U', 'lab', '-A', 'trust', '--no-sync', '--locale=C'], asUser);
    const settings = [
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      `unix_socket_directories=${folder}`,
      '-c',
      'fsync=off',
    ];
    const server = start(await need('postgres', skip), ['-D', data, '-p', `${port}`, ...settings], asUser);
    const query = async () => {
      const where = ['-h', '127.0.0.1', '-p', `${port}`, '-U', 'lab', '-d', 'postgres'];
      return (await runProgram(psql, [...where, '-Atc', 'select 6 * 7'])).stdout.trim();
    };
    await untilReady(server, async () => (await query()) === '42');
    expect(await query()).toBe('42');
  });

  test('nginx stream reads the client address from the PROXY protocol', async ({ skip }) => {
    const [nginx, port] = [await need('nginx', skip), await freePort()];
    const conf = await file('nginx.conf', [
      `load_module ${nginx.root}usr/lib/nginx/modules/ngx_stream_module.so;`,
      `daemon off; master_process off; pid ${folder}/pid; error_log stderr; events { }`,
      `stream { server { listen 127.0.0.1:${port} proxy_protocol; return "$proxy_protocol_addr"; } }`,
    ]);
    const server = start(nginx, ['-e', 'stderr', '-p', folder, '-c', conf]);
    const ask = () => exchange(port, 'PROXY TCP4 198.51.100.7 203.0.113.10 40000 443\r\n');
    await untilReady(server, async () => (await ask()) !== '');
    expect(await ask()).toBe('198.51.100.7');
  });

  test('haproxy reads the client address from the PROXY protocol', async ({ skip }) => {
    const [haproxy, port] = [await need('haproxy', skip), await freePort()];
    const conf = await file('haproxy.cfg', [
      'defaults\n  mode http\n  timeout client 2s\n  timeout server 2s\n  timeout connect 2s',
      `frontend web\n  bind 127.0.0.1:${port} accept-proxy`,
      '  http-request return status 200 content-type text/plain lf-string "%[src]"',
    ]);
    const server = start(haproxy, ['-db', '-f', conf]);
    const line = 'PROXY TCP4 198.51.100.7 203.0.113.10 40000 443\r\n';
    const ask = () => exchange(port, `${line}GET / HTTP/1.0\r\n\r\n`);
    await untilReady(server, async () => (await ask()) !== '');
    expect(await ask()).toMatch(/^HTTP\/1\.[01] 200 [\s\S]*\r\n\r\n198\.51\.100\.7$/);
  });

  test('caddy serves with no trust store touched', async ({ skip }) => {
    const [caddy, port] = [await need('caddy', skip), await freePort()];
    const site = [
      '{',
      'admin off',
      'skip_install_trust',
      '}',
      `http://127.0.0.1:${port} {`,
      'respond "{remote_host}"',
    ];
    const conf = await file('Caddyfile', [...site, '}']);
    const own = { ...caddy, env: { ...caddy.env, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder } };
    const server = start(own, ['run', '--config', conf, '--adapter', 'caddyfile']);
    const ask = () =>
      exchange(port, `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`);
    await untilReady(server, async () => (await ask()).includes('200 OK'));
    expect(await ask()).toMatch(/127\.0\.0\.1$/);
  });

  test('crowdsec answers its local API with the decision that cscli added', async ({ skip }) => {
    const [crowdsec, cscli, port] = [
      await need('crowdsec', skip),
      await need('cscli', skip),
      await freePort(),
    ];
    const conf = await crowdsecConfig(crowdsec, port);
    await runProgram(cscli, ['-c', conf, 'machines', 'add', 'lab', '--password', 'lab', '--force']);
    const { stdout } = await runProgram(cscli, ['-c', conf, 'bouncers', 'add', 'lab', '-o', 'raw']);
    const key = stdout.trim();
    const server = start(crowdsec, ['-c', conf, '-no-cs']);
    const ask = async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/v1/decisions`, { headers: { 'x-api-key': key } });
      return answer.ok ? ((await answer.json()) as readonly { value: string }[] | null) : undefined;
    };
    await untilReady(server, async () => (await ask()) !== undefined);
    await runProgram(cscli, ['-c', conf, 'decisions', 'add', '--ip', '198.51.100.7']);
    expect((await ask())?.map((one) => one.value)).toEqual(['198.51.100.7']);
  });
});

async function crowdsecConfig(crowdsec: Program, port: number): Promise<string> {
  const [etc, data] = [join(folder, 'etc'), join(folder, 'data')];
  for (const path of [data, join(etc, 'hub'), join(etc, 'notifications')])
    await mkdir(path, { recursive: true });
  await writeFile(join(etc, 'hub/.index.json'), '{}');
  for (const name of ['simulation.yaml', 'profiles.yaml'])
    await copyFile(join(crowdsec.root, 'etc/crowdsec', name), join(etc, name));
  await file('etc/credentials.yaml', [`url: http://127.0.0.1:${port}`, 'login: lab', 'password: lab']);
  return file('etc/config.yaml', [
    'common: { daemonize: false, log_media: stdout, log_level: info }',
    `config_paths: { config_dir: ${etc}, data_dir: ${data}, simulation_path: ${etc}/simulation.yaml, hub_dir: ${etc}/hub, index_path: ${etc}/hub/.index.json, notification_dir: ${etc}/notifications, plugin_dir: ${etc}/notifications }`,
    'cscli: { output: human, hub_branch: master }',
    `db_config: { type: sqlite, db_path: ${data}/crowdsec.db }`,
    `api: { client: { credentials_path: ${etc}/credentials.yaml }, server: { listen_uri: "127.0.0.1:${port}", profiles_path: ${etc}/profiles.yaml } }`,
    'prometheus: { enabled: false }',
  ]);
}

describe('the cache', () => {
  test('apt, told that nothing is installed, brings the libraries as well', async ({ skip }) => {
    await need('nft', skip);
    const statusFile = join(folder, 'status');
    await writeFile(statusFile, '');
    const nft = await program('nft', { ...search, cache: join(folder, 'debs'), statusFile });
    if (nft.kind === 'missing') throw new Error(nft.message);
    const libraries = await readdir(join(nft.root, 'usr/lib'), { recursive: true });
    expect(libraries.filter((path) => path.includes('libnftables.so'))).not.toEqual([]);
    expect((await runProgram(nft, ['--version'])).stdout).toMatch(/^nftables v/);
  });
});
