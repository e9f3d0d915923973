/* Every kind of fact there is, and the type of its value. How each is identified and found: kind-table.ts. */
import type { AccessLog, LogCount } from './access-log.ts';
import type { BanAllowlist, BanDecision, BanEngine, Bouncer } from './ban-list.ts';
import type { DnsView, NameRule, RecordSet, Resolver, Translation, Zone } from './dns.ts';
import type {
  Alias,
  DhcpRange,
  FilterRule,
  Firewall,
  FirewallInterface,
  Gateway,
  OutboundNatRule,
  PortForward,
  StaticRoute,
  VirtualIp,
} from './firewall.ts';
import type { Ingress, Middleware, Route } from './ingress.ts';
import type {
  ConfigMap,
  DisruptionBudget,
  EndpointSlice,
  Lease,
  Namespace,
  Node,
  OtherObject,
  Pod,
  PodNetwork,
  Service,
  ServiceProxy,
  Workload,
} from './kubernetes.ts';
import type { Announcing, BgpAdvertisement, L2Advertisement, L2Status, Pool } from './metallb.ts';
import type { HelmRelease, Mention, StatedSetting } from './repository.ts';
import type {
  AcceptedGap,
  Durations,
  IntendedRefusal,
  Monitor,
  OwnInvariant,
  ProtectedEndpoint,
  ProtectedPeople,
  PublicAddress,
  Repository,
  SystemAccess,
  UnmanagedHop,
  VantagePoint,
} from './settings.ts';
import type { Tunnel, TunnelRule } from './tunnel.ts';

/** Kind of fact → its value. */
export interface Kinds {
  readonly service: Service;
  readonly endpointSlice: EndpointSlice;
  readonly node: Node;
  readonly pod: Pod;
  readonly workload: Workload;
  readonly disruptionBudget: DisruptionBudget;
  readonly namespace: Namespace;
  readonly configMap: ConfigMap;
  readonly serviceProxy: ServiceProxy;
  readonly podNetwork: PodNetwork;
  readonly lease: Lease;
  readonly otherObject: OtherObject;
  readonly pool: Pool;
  readonly l2Advertisement: L2Advertisement;
  readonly bgpAdvertisement: BgpAdvertisement;
  readonly l2Status: L2Status;
  readonly announcing: Announcing;
  readonly ingress: Ingress;
  readonly route: Route;
  readonly middleware: Middleware;
  readonly firewall: Firewall;
  readonly firewallInterface: FirewallInterface;
  readonly gateway: Gateway;
  readonly staticRoute: StaticRoute;
  readonly alias: Alias;
  readonly portForward: PortForward;
  readonly filterRule: FilterRule;
  readonly outboundNatRule: OutboundNatRule;
  readonly virtualIp: VirtualIp;
  readonly dhcpRange: DhcpRange;
  readonly recordSet: RecordSet;
  readonly zone: Zone;
  readonly dnsView: DnsView;
  readonly translation: Translation;
  readonly nameRule: NameRule;
  readonly resolver: Resolver;
  readonly tunnel: Tunnel;
  readonly tunnelRule: TunnelRule;
  readonly banAllowlist: BanAllowlist;
  readonly banDecision: BanDecision;
  readonly bouncer: Bouncer;
  readonly banEngine: BanEngine;
  readonly accessLog: AccessLog;
  readonly logCount: LogCount;
  readonly mention: Mention;
  readonly statedSetting: StatedSetting;
  readonly helmRelease: HelmRelease;
  readonly vantagePoint: VantagePoint;
  readonly publicAddress: PublicAddress;
  readonly unmanagedHop: UnmanagedHop;
  readonly protectedEndpoint: ProtectedEndpoint;
  readonly protectedPeople: ProtectedPeople;
  readonly monitor: Monitor;
  readonly acceptedGap: AcceptedGap;
  readonly repository: Repository;
  readonly systemAccess: SystemAccess;
  readonly durations: Durations;
  readonly intendedRefusal: IntendedRefusal;
  readonly ownInvariant: OwnInvariant;
}

export type Kind = keyof Kinds;
