/* What else states the address of a generated house, or puts it back: repositories, jobs, monitors, files, documents. */
import { dnsName } from '#net/name.ts';
import { ingress, record, stated, vantage, vip } from '../estates.ts';
import type { Dice, Part } from './house.ts';

export function aroundParts(dice: Dice): readonly Part[] {
  return [job(dice), aliased(dice), mirror(dice), monitor(dice), page(dice), published(dice), secret(dice)];
}

const container = { name: 'x', image: 'x', env: {}, ports: [] } as const;
const workload = {
  cluster: 'home',
  namespace: 'apps',
  labels: {},
  annotations: {},
  selector: { matchLabels: { app: 'cron' } },
  podLabels: { app: 'cron' },
  hostAliases: [],
  spread: 'none',
} as const;

/** A CronJob that writes the record again every quarter of an hour. */
function job(dice: Dice): Part {
  if (!dice.chance(0.3)) return { says: '' };
  return {
    says: 'a job re-writes the apex',
    add: [
      stated('repository', {
        id: 'apex',
        type: 'unknown',
        path: 'apps/apex',
        applies: 'on-schedule',
        owns: ['dns/technitium/example.org/example.org/A'],
      }),
      stated('workload', {
        ...workload,
        type: 'CronJob',
        name: 'apex',
        containers: [{ ...container, args: ['set', 'example.org', vip] }],
      }),
    ],
  };
}

/** A pod that has the address in its own hosts file. */
function aliased(dice: Dice): Part {
  if (!dice.chance(0.25)) return { says: '' };
  const hostAliases = [{ ip: vip, names: [dnsName('immich.example.org')] }];
  return {
    says: 'hostAliases',
    add: [
      stated('workload', {
        ...workload,
        type: 'Deployment',
        name: 'cron',
        hostAliases,
        containers: [{ ...container, args: [] }],
      }),
      stated('pod', {
        cluster: 'home',
        namespace: 'apps',
        name: 'cron-1',
        labels: { app: 'cron' },
        node: 'k8s-node1',
        ips: ['10.10.1.33' as never],
        hostNetwork: false,
        isReady: true,
        phase: 'Running',
        containers: [],
        hostAliases,
        ownedBy: 'Deployment/cron',
      }),
      vantage('pod', 'pod', [], { cluster: 'home', pod: 'apps/cron-1', resolver: 'coredns' }),
    ],
  };
}

function mirror(dice: Dice): Part {
  if (!dice.chance(0.2)) return { says: '' };
  return {
    says: 'registry mirror on a node',
    add: [
      stated('mention', {
        system: 'node/k8s-node1',
        file: 'node/k8s-node1/containerd/certs.d/forge.example.org/hosts.toml',
        line: 1,
        start: 0,
        end: 11,
        ip: vip,
        text: vip,
        syntax: 'toml',
        path: `host."https://${vip}:443"`,
      }),
    ],
  };
}

function monitor(dice: Dice): Part {
  if (!dice.chance(0.2)) return { says: '' };
  return {
    says: 'a monitor expects the address',
    add: [
      stated('monitor', {
        name: 'apex',
        expectsName: dnsName('example.org'),
        expectsIp: vip,
      }),
    ],
  };
}

function page(dice: Dice): Part {
  if (!dice.chance(0.3)) return { says: '' };
  return {
    says: 'a page states the address',
    add: [
      stated('mention', {
        system: 'source/infra',
        file: 'source/infra/docs/network.md',
        line: 3,
        start: 40,
        end: 51,
        ip: vip,
        text: vip,
        context: `traefik is at ${vip}`,
        syntax: 'markdown',
      }),
    ],
  };
}

function published(dice: Dice): Part {
  return dice.chance(0.3)
    ? { says: 'publishedService', add: [ingress({}, { publishedService: 'traefik/traefik' })] }
    : { says: '' };
}

/** The credential of the name server lies behind the ingress. */
function secret(dice: Dice): Part {
  if (!dice.chance(0.2)) return { says: '' };
  return {
    says: 'a secret behind the ingress',
    add: [
      stated('systemAccess', { system: 'dns/technitium', needs: ['immich.example.org:443'] }),
      record('dns/technitium', 'vault.example.org', 'CNAME', ['example.org']),
    ],
  };
}
