/* Kubernetes objects as the walk needs them: normalised, API defaults applied by the adapter, names as upstream has them. */
import type { Ip } from '#net/ip.ts';
import type { PortRange, Protocol } from '#net/port.ts';
import type { Prefix } from '#net/prefix.ts';

export type TrafficPolicy = 'cluster' | 'local';
export type Labels = Readonly<Record<string, string>>;

/** A label selector; both parts must match. undefined where the object has none; {} matches everything. */
export interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values?: readonly string[];
  }[];
}

export interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** Number or container port name; defaults to port. */
  readonly targetPort: number | string;
  readonly nodePort?: number;
}

export interface Service {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  readonly labels: Labels;
  readonly annotations: Labels;
  /** undefined: no selector, its slices are made by someone else. */
  readonly selector?: Labels;
  readonly ports: readonly ServicePort[];
  /** Empty for headless ("None") and ExternalName. */
  readonly clusterIps: readonly Ip[];
  readonly externalIps: readonly Ip[];
  readonly externalPolicy: TrafficPolicy;
  readonly internalPolicy: TrafficPolicy;
  readonly ipFamilies: readonly (4 | 6)[];
  readonly ipFamilyPolicy: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack';
  readonly sourceRanges: readonly Prefix[];
  readonly sessionAffinitySeconds?: number;
  readonly loadBalancerClass?: string;
  /** spec.loadBalancerIP. */
  readonly loadBalancerIp?: string;
  /** The lists as written in annotations, new spelling first; undefined: not present ('' present and empty). */
  readonly requestedIps?: string;
  readonly requestedPool?: string;
  readonly sharingKey?: string;
  readonly allocateNodePorts: boolean;
  readonly healthCheckNodePort?: number;
  /** status.loadBalancer.ingress; empty: pending. */
  readonly vips: readonly { readonly ip: Ip; readonly ipMode: 'VIP' | 'Proxy' }[];
  readonly trafficDistribution?: string;
}

export interface Endpoint {
  readonly addresses: readonly Ip[];
  readonly node?: string;
  /** nil in the API stays undefined: kube-proxy and MetalLB read nil as true for ready and serving. */
  readonly ready?: boolean;
  readonly serving?: boolean;
  readonly terminating?: boolean;
  /** `ns/name` of the pod. */
  readonly pod?: string;
  readonly zoneHints?: readonly string[];
  readonly nodeHints?: readonly string[];
}

export interface EndpointSlice {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  /** Service name in the same namespace (label kubernetes.io/service-name). */
  readonly service?: string;
  readonly family: 4 | 6;
  readonly ports: readonly { readonly name?: string; readonly port?: number; readonly protocol: Protocol }[];
  readonly endpoints: readonly Endpoint[];
}

export interface Node {
  readonly cluster: string;
  readonly name: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly internalIps: readonly Ip[];
  readonly podCidrs: readonly Prefix[];
  /** false: the condition Ready is not True. */
  readonly isReady: boolean;
  readonly isNetworkUnavailable: boolean;
  readonly isSchedulable: boolean;
  readonly kubeletVersion?: string;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  /** command and args joined, secrets redacted. */
  readonly args: readonly string[];
  readonly env: Labels;
  readonly ports: readonly {
    readonly name?: string;
    readonly containerPort: number;
    readonly protocol: Protocol;
    readonly hostPort?: number;
  }[];
}

export interface Pod {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly node?: string;
  readonly ips: readonly Ip[];
  readonly hostNetwork: boolean;
  readonly isReady: boolean;
  readonly phase: string;
  readonly containers: readonly Container[];
  readonly hostAliases: readonly { readonly ip: Ip; readonly names: readonly string[] }[];
  readonly ownedBy?: string;
}

/** Deployment, DaemonSet or StatefulSet. */
export interface Workload {
  readonly cluster: string;
  readonly type: 'Deployment' | 'DaemonSet' | 'StatefulSet' | 'CronJob';
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly replicas?: number;
  readonly selector: Selector;
  readonly podLabels: Labels;
  readonly containers: readonly Container[];
  readonly hostAliases: readonly { readonly ip: Ip; readonly names: readonly string[] }[];
  /** Pods of it are forced or asked to sit on different nodes (anti-affinity or topology spread over hostname). */
  readonly spread: 'required' | 'preferred' | 'none';
}

export interface DisruptionBudget {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly selector: Selector;
  /** As written: a number or a percentage. */
  readonly minAvailable?: string;
  readonly maxUnavailable?: string;
}

export interface Namespace {
  readonly cluster: string;
  readonly name: string;
  readonly labels: Labels;
}

export interface ConfigMap {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly data: Labels;
}

/** How Services become rules on the nodes of one cluster. */
export interface ServiceProxy {
  readonly cluster: string;
  readonly program: 'kube-proxy' | 'cilium' | 'unknown';
  readonly mode: 'iptables' | 'nftables' | 'ipvs' | 'unknown';
  readonly version?: string;
  readonly clusterCidrs: readonly Prefix[];
  readonly serviceCidrs: readonly Prefix[];
  readonly detectLocalMode?: string;
  readonly masqueradeAll: boolean;
  readonly strictArp: boolean;
  readonly nodePortAddresses?: readonly string[];
  /** --iptables-localhost-nodeports; undefined: the default, true. */
  readonly localhostNodePorts?: boolean;
}

/** The pod network of one cluster; it decides which address a masqueraded packet shows (see docs/model.md). */
export interface PodNetwork {
  readonly cluster: string;
  readonly program: 'calico' | 'flannel' | 'cilium' | 'bridge' | 'weave' | 'unknown';
  readonly encapsulation: 'none' | 'vxlan' | 'ipip' | 'wireguard' | 'cross-subnet' | 'unknown';
  readonly version?: string;
  readonly mtu?: number;
}

/** A Lease whose holder is a node of the cluster, at the moment of the snapshot. */
export interface Lease {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly holder: string;
  /** Its holder had not renewed it in time. */
  readonly isExpired: boolean;
}

/** Objects that state an address and that Sightline does not interpret further (references only). */
export interface OtherObject {
  readonly cluster: string;
  readonly apiVersion: string;
  readonly type: string;
  readonly namespace?: string;
  readonly name: string;
  /** Leaf values with their paths. */
  readonly leaves: readonly { readonly path: string; readonly value: string }[];
}

export type { PortRange };
