/* "What if the ingress had an address of its own with policy Local": the estate changed so, for rules that judge the move. */
import { type Allotment, allocate } from '#dataplane/allocate.ts';
import { type Reader, readerOver, writeOf } from '#estate/estate.ts';
import type { Service } from '#estate/kubernetes.ts';
import type { Ip } from '#net/ip.ts';
import type { Frontend } from './frontends.ts';

/** The estate with the Service changed. */
export function withService(reader: Reader, service: Service): Reader {
  return readerOver(reader, [writeOf(reader, 'service', service)]);
}

/** The Service as the move wants it: Local, sharing with nobody, asking for no address in particular. */
export function movedService(service: Service): Service {
  const { requestedIps: _ips, loadBalancerIp: _ip, sharingKey: _key, ...rest } = service;
  return { ...rest, externalPolicy: 'local', vips: [] };
}

/** What the allocator would give the moved Service; `ips[0]` is the address that a move would take. */
export function allotmentOfMove(reader: Reader, frontend: Frontend): Allotment {
  const moved = movedService(frontend.service.value);
  return allocate(withService(reader, moved), moved);
}

/** The estate after the move to the address. */
export function movedTo(reader: Reader, frontend: Frontend, ip: Ip): Reader {
  return withService(reader, { ...movedService(frontend.service.value), vips: [{ ip, ipMode: 'VIP' }] });
}
