/* Faults on request: what is done to the lab when a stage begins. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reader } from '#estate/estate.ts';
import type { Pod } from '#estate/kubernetes.ts';
import { ingressOf } from '#lab/estate/endpoint-servers.ts';
import type { EstateLab } from '#lab/estate/estate-lab.ts';
import { loseNode, movePod } from '#lab/estate/faults.ts';

export type FaultName = 'node-lost' | 'pod-moved' | 'runner-crash' | 'slow-dns';
export const faultNames: readonly FaultName[] = ['node-lost', 'pod-moved', 'runner-crash', 'slow-dns'];

export interface FaultOrder {
  readonly fault: FaultName;
  /** Stage id; undefined: the first one. */
  readonly at?: string;
}

/** How long a record change takes to be seen when DNS is slow, in milliseconds of the rehearsal. */
export const slowDnsMs = 3000;

/** Does it; says what was done. `runner-crash` and `slow-dns` concern the run itself and are done elsewhere. */
export async function inject(lab: EstateLab, fault: FaultName): Promise<string> {
  const { reader } = lab.store;
  if (fault === 'node-lost') {
    const node = ingressAnnouncer(lab);
    if (node === undefined) return 'no node announces an ingress, so none was lost';
    await loseNode(lab, node);
    return `${node} is lost (its cable is pulled)`;
  }
  if (fault === 'pod-moved') {
    const pod = ingressPod(reader);
    if (!pod) return 'there is no ingress pod to move';
    const to = await movePod(lab, pod);
    return to === undefined ? `${pod.name} has nowhere to go` : `${pod.name} moved from ${pod.node} to ${to}`;
  }
  await sleep(0);
  return fault;
}

/** The node that now answers for the VIP of the ingress; the one whose loss is felt most. */
function ingressAnnouncer(lab: EstateLab): string | undefined {
  const { reader } = lab.store;
  const pods = reader
    .all('pod')
    .map((p) => p.value)
    .filter((p) => ingressOf(reader, p));
  const names = new Set(pods.map((p) => `${p.namespace}/${p.name}`));
  const vips = reader.all('service').flatMap(({ value: s }) => {
    const slices = reader.by('endpointSlice', 'service', `${s.cluster}/${s.namespace}/${s.name}`);
    const isIngress = slices.some((e) =>
      e.value.endpoints.some((one) => one.pod !== undefined && names.has(one.pod)),
    );
    return isIngress ? s.vips.map((v) => v.ip) : [];
  });
  return vips.map((vip) => lab.controllers.announcerNow(vip)).findLast((node) => node !== undefined);
}

function ingressPod(reader: Reader): Pod | undefined {
  return reader
    .all('pod')
    .map((p) => p.value)
    .find((p) => ingressOf(reader, p));
}
