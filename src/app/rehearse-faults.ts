/* Faults on request: what is done to the lab when a stage begins. */
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
  /** `node-lost` only; undefined: the one that answers for an ingress then. */
  readonly node?: string;
}

/** What every name server's answer takes longer when DNS is slow; clients give up after 2.5 s. */
export const slowDnsMs = 800;

export interface Injected {
  /** What was done. */
  readonly says: string;
  readonly lostNode?: string;
  /** Resolves when everybody who had to notice has. */
  readonly noticed: Promise<unknown>;
}

/** Does it. `runner-crash` concerns the run itself and is done elsewhere. */
export async function inject(
  lab: EstateLab,
  { fault, node: told }: Pick<FaultOrder, 'fault' | 'node'>,
): Promise<Injected> {
  const noticed = Promise.resolve();
  switch (fault) {
    case 'node-lost': {
      const node = told ?? ingressAnnouncer(lab);
      if (node === undefined) return { says: 'no node announces an ingress, so none was lost', noticed };
      const lost = await loseNode(lab, node);
      return { says: `${node} is lost (its cable is pulled)`, lostNode: node, ...lost };
    }
    case 'pod-moved':
      return { says: await moveIngressPod(lab), noticed };
    case 'slow-dns':
      await lab.names.slowDown(slowDnsMs);
      return { says: `every name server answers ${slowDnsMs} ms late`, noticed };
    case 'runner-crash':
      return { says: 'the runner crashed', noticed };
    default:
      return fault satisfies never;
  }
}

async function moveIngressPod(lab: EstateLab): Promise<string> {
  const pod = ingressPod(lab.store.reader);
  if (!pod) return 'there is no ingress pod to move';
  const to = await movePod(lab, pod);
  return to === undefined ? `${pod.name} has nowhere to go` : `${pod.name} moved from ${pod.node} to ${to}`;
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
