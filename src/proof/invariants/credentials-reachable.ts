/* What the next change, or the undo of the last one, needs to be reached is reachable: its API, its secret store. */
import type { Flow } from '#dataplane/flow.ts';
import type { Reader } from '#estate/estate.ts';
import { dialled } from '#estate/reference-places.ts';
import type { SystemAccess } from '#estate/settings.ts';
import { familyOf, type Ip, parseIp } from '#net/ip.ts';
import { type DnsName, parseName } from '#net/name.ts';
import { broken, holds, type StateCheck, type StateInvariant } from '../invariant.ts';
import { failureText, healthOf } from '../judge.ts';

export const credentialsReachable: StateInvariant = {
  code: 'credentials-reachable',
  check: (input) => {
    for (const { access, isUndo } of accessNeeded(input)) {
      for (const flow of flowsTo(input.point.view.reader, access)) {
        if (healthOf(input.walkAtStart(flow)) !== 'good') continue;
        const walk = input.walk(flow);
        if (healthOf(walk) === 'good') continue;
        const use = isUndo ? 'the undo of the last change' : 'the next change';
        return broken(`${use} needs ${access.system}, which needs ${flowTarget(flow)}: ${failureText(walk)}`);
      }
    }
    return holds;
  },
};

/** Access to the systems of the next change and of the last one done. */
function accessNeeded({ point }: StateCheck) {
  const { reader } = point.view;
  const undo = point.done.at(-1);
  return [
    ...accessOf(reader, undo?.through.system, undo?.through.repository).map((access) => ({
      access,
      isUndo: true,
    })),
    ...accessOf(reader, point.next?.through.system, point.next?.through.repository).map((access) => ({
      access,
      isUndo: false,
    })),
  ];
}

function accessOf(reader: Reader, system?: string, repository?: string): readonly SystemAccess[] {
  const names = [system, repository, repository && `source/${repository}`];
  return names.flatMap((n) => (n === undefined ? [] : (reader.get('systemAccess', n)?.value ?? [])));
}

/** Flows from every LAN vantage point to what the access needs. `host:port`, a URL, or a Service `ns/name:port`. */
export function flowsTo(reader: Reader, access: SystemAccess): readonly Flow[] {
  const from = reader.all('vantagePoint').filter((v) => v.value.kind === 'lan');
  return access.needs.flatMap((need) => {
    const to = targetOf(reader, need);
    return to === undefined ? [] : from.map((v): Flow => ({ from: v.value.id, protocol: 'tcp', ...to }));
  });
}

function targetOf(reader: Reader, need: string): Pick<Flow, 'to' | 'port' | 'family'> | undefined {
  const service = /^([a-z0-9-]+)\/([a-z0-9-]+):(\d+)$/.exec(need);
  if (service !== null) return serviceTarget(reader, service[1] ?? '', service[2] ?? '', Number(service[3]));
  const at = dialled(need);
  if (at === undefined) return undefined;
  const port = at.port ?? 443;
  const ip = parseIp(at.host);
  if (ip !== undefined) return { to: { ip }, port, family: familyOf(ip) };
  const name = parseName(at.host);
  return name === undefined ? undefined : { to: { name }, port, family: 4 };
}

function serviceTarget(reader: Reader, namespace: string, name: string, port: number) {
  const found = reader.all('service').find((s) => s.value.namespace === namespace && s.value.name === name);
  const ip: Ip | undefined = found?.value.vips[0]?.ip;
  return ip === undefined ? undefined : { to: { ip }, port, family: familyOf(ip) };
}

function flowTarget(flow: Flow): DnsName | Ip {
  return 'name' in flow.to ? flow.to.name : flow.to.ip;
}
