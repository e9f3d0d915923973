/* Nothing that a change writes is left out of its instructions: fields by their screen's or file's name, the rest by their own. */
import { describe, expect, it } from 'vitest';
import type { Fact } from '#estate/fact.ts';
import type { Change, Setting } from '#plan/change.ts';
import { artifactInput } from '#test/artifact-input.ts';
import { anyMatch, box, forward, homeFacts, middleware, rule, stated, tunnelRule } from '#test/estates.ts';
import { blocksToMarkdown } from '../runbook/blocks-markdown.ts';
import { renderRunbook } from '../runbook/runbook.ts';
import type { ArtifactInput } from './context.ts';
import { instruct } from './instruct.ts';

function inputOf(change: Change, system: string, more: readonly Fact[] = [], window = false): ArtifactInput {
  const through = { by: change.kind === 'wait' ? 'time' : 'operator', system };
  const because = { says: 'it must', serves: 'goal', evidence: [] };
  const changes = [{ id: 'c', title: 'The change', change, through, because }];
  const says = { says: 'it is so', seconds: 1_000_000_000 };
  return artifactInput(changes, [...homeFacts(), ...more], window ? { window: says } : {});
}

function told(setting: object, system: string, more: readonly Fact[] = []): string {
  const input = inputOf({ kind: 'set', settings: [setting as Setting] }, system, more);
  const { make, check } = instruct(input, 'c', 'forward');
  return blocksToMarkdown([...make, ...check]);
}

const edge = 'firewall/pfsense';
const corefile = stated('nameRule', {
  resolver: 'coredns/home',
  position: 0,
  rule: { kind: 'rewrite', match: 'exact', from: 'a.example.org', to: 'b.example.org' },
});
const bans = { kind: 'ban-list', plugin: 'bouncer', trustedPeers: [] } as const;

describe('a field that changes is told', () => {
  const match = (destination: object) => ({ match: { ...anyMatch, destination } });
  it.each<[string, object, string, readonly Fact[], RegExp]>([
    [
      'a rule switched off',
      { of: 'filterRule', id: 'pfsense/00010', before: { isEnabled: true }, after: { isEnabled: false } },
      edge,
      [],
      /Rules\*\* > \*\*LAN\*\* > the pencil of `rule 10`\n.*Disabled: \*\*ticked\*\*\n.*\*\*Save\*\*/s,
    ],
    [
      'a rule for another network',
      {
        of: 'filterRule',
        id: 'pfsense/00010',
        before: match({ kind: 'any' }),
        after: match({ kind: 'address', prefix: '10.0.20.0/24', not: true }),
      },
      edge,
      [],
      /Destination: \*\*Network\*\* `10\.0\.20\.0\/24`, \*\*Invert match\*\* ticked/,
    ],
    [
      'a rule that is new',
      { of: 'filterRule', id: 'pfsense/00012', before: null, after: rule(12, ['opt1']).value },
      edge,
      [],
      /\*\*OPT1\*\* > \*\*Add\*\*.*Action: \*\*Pass\*\*.*rule 13 from the top/s,
    ],
    [
      'a rule that goes',
      { of: 'filterRule', id: 'pfsense/00010', before: rule(10, ['lan']).value, after: null },
      edge,
      [],
      /the bin of `rule 10` > \*\*OK\*\*/,
    ],
    [
      'a forward of another port',
      { of: 'portForward', id: 'pfsense/00000', before: {}, after: { localPort: 8443 } },
      edge,
      [forward(0, 443)],
      /Port Forward\*\* > the pencil.*Redirect target port: `8443`/s,
    ],
    [
      'reflection with outbound NAT',
      { of: 'firewall', id: 'pfsense', before: { reflectionSnat: false }, after: { reflectionSnat: true } },
      edge,
      [box()],
      /automatic outbound NAT for Reflection: \*\*ticked\*\*/,
    ],
    [
      'a tunnel that checks certificates',
      { of: 'tunnelRule', id: 'home/00000', before: { noTlsVerify: true }, after: { noTlsVerify: false } },
      'tunnel/home',
      [tunnelRule(0, 'proxied.example.org', 'https://x:443')],
      /No TLS Verify: `false` > \*\*Save\*\*/,
    ],
    [
      'a line of a Corefile',
      {
        of: 'nameRule',
        id: 'coredns/home|00000',
        before: { rule: corefile.value.rule },
        after: { rule: { ...corefile.value.rule, to: 'c.example.org' } },
      },
      'cluster/home',
      [corefile],
      /edit configmap coredns.*`rewrite name exact a\.example\.org b\.example\.org` becomes `rewrite name exact a\.example\.org c\.example\.org`/s,
    ],
    [
      'what a middleware does beside allowlists',
      {
        of: 'middleware',
        id: 'home/traefik/crowdsec',
        before: { rule: bans },
        after: { rule: { ...bans, trustedPeers: ['10.10.0.0/16'] } },
      },
      'cluster/home',
      [middleware('crowdsec', bans)],
      /Also, in `middleware home\/traefik\/crowdsec`: `rule`, .* becomes `.*10\.10\.0\.0\/16.*`/,
    ],
    [
      'a field that no instruction knows',
      {
        of: 'service',
        id: 'home/traefik/traefik',
        before: { internalPolicy: 'cluster' },
        after: { internalPolicy: 'local' },
      },
      'cluster/home',
      [],
      /Also, in `service home\/traefik\/traefik`: `internalPolicy`, `cluster` becomes `local`\./,
    ],
  ])('%s', (_, setting, system, more, says) => {
    expect(told(setting, system, more)).toMatch(says);
  });

  it('and what is told by its own words is not told twice', () => {
    const setting = {
      of: 'alias',
      id: 'pfsense/nginx',
      before: { entries: [] },
      after: { entries: ['10.0.20.203'] },
    };
    expect(told(setting, edge)).not.toContain('Also, in');
  });
});

describe('an owner', () => {
  const repository = stated('repository', {
    id: 'infra',
    type: 'terraform',
    path: 'source/infra',
    applies: 'on-push',
    owns: [],
    applyCommand: ['sh', '-c', 'git push'],
    freezeCommand: 'fly pause-job -j infra/apply',
  });
  const applies = (before: string, after: string) => ({
    of: 'repository',
    id: 'infra',
    before: { applies: before },
    after: { applies: after },
  });
  it('is kept from applying by the command that sightline.yaml has', () => {
    expect(told(applies('on-push', 'manual'), 'source/infra', [repository])).toContain(
      'fly pause-job -j infra/apply',
    );
    expect(told(applies('manual', 'on-push'), 'source/infra', [repository])).toContain('Enable its pipeline');
  });
  it('that is pushed to gets the edit committed first, and nothing besides', () => {
    const text = { of: 'statedSetting', id: 'x', before: { value: 'a' }, after: { value: 'b' } };
    const input = inputOf({ kind: 'set', settings: [text as Setting] }, 'source/infra', [repository]);
    const [stage] = input.plan.stages as unknown as [{ changes: { through: object }[] }];
    for (const c of stage.changes)
      c.through = { by: 'repository', system: 'source/infra', repository: 'infra' };
    const diff = { change: 'c', file: 'source/infra/main.tf', diff: '+b\n', undo: '+a\n', remarks: [] };
    const { make } = instruct({ ...input, files: [diff] }, 'c', 'forward');
    expect(blocksToMarkdown(make)).toMatch(/git add main\.tf && git commit -m 'The change'\n.*\(git push\)/s);
  });
});

describe('what has no settings', () => {
  it('a document that a person adds is said by its title', () => {
    const input = inputOf({ kind: 'set', settings: [] }, 'documents');
    const text = (way: 'forward' | 'back') => blocksToMarkdown(instruct(input, 'c', way).make);
    expect(text('forward')).toMatch(/^The change: by hand.*nothing here can check it/);
    expect(text('back')).toBe('Take back by hand: The change.');
  });
  it('a wait for stragglers says how they are seen', () => {
    const wait = {
      kind: 'stragglers',
      ip: '10.0.20.200',
      seconds: 600,
      seenBy: 'connection tracking',
    } as const;
    const { make, check } = instruct(
      inputOf({ kind: 'wait', for: { ...wait, ip: wait.ip as never } }, 'dns'),
      'c',
      'forward',
    );
    const text = blocksToMarkdown([...make, ...check]);
    expect(text).toContain('sudo conntrack -L -d 10.0.20.200');
    expect(text).toContain('`k8s-node1`, `k8s-node2`, `k8s-node3`');
  });
  it('a window without a stated length is as long as the proof says, and none where nothing fails', () => {
    const input = inputOf({ kind: 'set', settings: [] }, 'documents', [], true);
    expect(renderRunbook(input)).not.toMatch(/The window opens|16666667/);
    const point = { position: 1, direction: 'forward' } as const;
    const window = {
      stage: 's',
      names: ['a'],
      vantagePoints: ['lan'],
      first: point,
      last: point,
      seconds: 300,
    };
    const windows = [{ ...window, parts: [], because: 'it fails' }];
    expect(renderRunbook({ ...input, proof: { ...input.proof, windows } })).toContain(
      'lasts at most 5 minutes',
    );
  });
});
