/*
 * Which frontend of a Service a packet is for (kube-proxy: the rules of KUBE-SERVICES or the map service-ips; NodePorts
 * are looked at last). A VIP with ipMode Proxy gets no rule.
 */
import type { Service, ServicePort } from '#estate/kubernetes.ts';
import { familyOf, type Ip } from '#net/ip.ts';
import type { Packet } from '../trace.ts';
import type { ProxyRules } from './rules.ts';

export interface Frontend {
  readonly kind: 'cluster-ip' | 'external-ip' | 'vip' | 'node-port';
  readonly service: Service;
  readonly port: ServicePort;
}

/** kube-proxy has no rules for these. */
export function isSkipped(service: Service): boolean {
  return service.type === 'ExternalName' || service.clusterIps.length === 0;
}

/** VIPs of the family that kube-proxy makes rules for. */
export function vipsOf(service: Service, family: 4 | 6, rules: Pick<ProxyRules, 'ipMode'>): readonly Ip[] {
  return service.vips
    .filter((v) => familyOf(v.ip) === family && !(rules.ipMode && v.ipMode === 'Proxy'))
    .map((v) => v.ip);
}

/** Frontends with the packet's address, protocol and port: none, one, or several Services that claim the same. */
export function frontendsOf(
  services: readonly Service[],
  packet: Packet,
  rules: ProxyRules,
): readonly Frontend[] {
  return services.flatMap((service) => {
    const kind = isSkipped(service) ? undefined : addressKind(service, packet.destination, rules);
    if (kind === undefined) return [];
    return service.ports
      .filter((p) => p.port === packet.port && p.protocol === packet.protocol)
      .map((port) => ({ kind, service, port }));
  });
}

/** Service ports with the packet's NodePort, whatever its address. */
export function nodePortsOf(services: readonly Service[], packet: Packet): readonly Frontend[] {
  return services
    .filter((s) => !isSkipped(s) && hasFamily(s, familyOf(packet.destination)))
    .flatMap((service) =>
      service.ports
        .filter((p) => p.nodePort === packet.port && p.protocol === packet.protocol)
        .map((port) => ({ kind: 'node-port' as const, service, port })),
    );
}

/** The port is reachable by something other than its ClusterIP, in this family. */
export function isExternallyAccessible(
  service: Service,
  port: ServicePort,
  family: 4 | 6,
  rules: ProxyRules,
): boolean {
  return (
    port.nodePort !== undefined ||
    vipsOf(service, family, rules).length > 0 ||
    service.externalIps.some((ip) => familyOf(ip) === family)
  );
}

function addressKind(service: Service, ip: Ip, rules: ProxyRules): Frontend['kind'] | undefined {
  if (service.clusterIps.includes(ip)) return 'cluster-ip';
  if (!hasFamily(service, familyOf(ip))) return undefined;
  if (service.externalIps.includes(ip)) return 'external-ip';
  return vipsOf(service, familyOf(ip), rules).includes(ip) ? 'vip' : undefined;
}

function hasFamily(service: Service, family: 4 | 6): boolean {
  return service.clusterIps.some((ip) => familyOf(ip) === family);
}
