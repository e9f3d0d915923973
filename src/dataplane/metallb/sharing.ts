/*
 * Who may share an address (MetalLB: sharingOK and checkSharing of internal/allocator, k8salloc.BackendKey): the same
 * sharing key, the same backends, and no port twice. TCP/443 and UDP/443 are two ports.
 */
import type { Service, ServicePort } from '#estate/kubernetes.ts';

export interface SharingKey {
  /** '' does not share. */
  readonly sharing: string;
  readonly backend: string;
}

export type PortKey = `${ServicePort['protocol']}/${number}`;

export function portKey(port: Pick<ServicePort, 'protocol' | 'port'>): PortKey {
  return `${port.protocol}/${port.port}`;
}

/** The key that a Service asks an address with; policy Local ties it to its pods by the selector's text. */
export function sharingKeyOf(service: Service): SharingKey {
  return { sharing: service.sharingKey ?? '', backend: backendKeyOf(service) };
}

function backendKeyOf(service: Service): string {
  if (service.externalPolicy !== 'local') return '';
  const pairs = Object.entries(service.selector ?? {}).map(([k, v]) => `${k}=${v}`);
  return pairs.sort().join(',');
}

/** undefined: they may share; else the reason, as MetalLB's event words it. */
export function sharingRefusal(existing: SharingKey, wanted: SharingKey): string | undefined {
  if (existing.sharing === '') return 'the Service on the address does not allow sharing';
  if (wanted.sharing === '') return 'the Service does not allow sharing';
  if (existing.sharing !== wanted.sharing) {
    return `sharing key ${JSON.stringify(wanted.sharing)} differs from ${JSON.stringify(existing.sharing)}`;
  }
  if (existing.backend !== wanted.backend) {
    return `backend key ${JSON.stringify(wanted.backend)} differs from ${JSON.stringify(existing.backend)}`;
  }
  return undefined;
}
