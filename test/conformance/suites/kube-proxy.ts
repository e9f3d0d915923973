/* Suite kube-proxy: the set-up as an estate, each flow asked of the model as the walk asks it. */
import { decideService } from '#dataplane/service.ts';
import { makeEstate, readerOf } from '#estate/estate.ts';
import { type Fact, fact } from '#estate/fact.ts';
import type { ServiceProxy } from '#estate/kubernetes.ts';
import { familyOf, ip } from '#net/ip.ts';
import { prefix } from '#net/prefix.ts';
import { cluster, nodeOf, protocolOf, serviceOf, sliceOf } from '../kube.ts';
import {
  type Answer,
  arrayOf,
  asObject,
  at,
  type Case,
  type Group,
  type JsonObject,
  sameJson,
  text,
  texts,
} from '../vector.ts';

const newest = '1.36.0';

export function kubeProxy(group: Group, one: Case): Answer {
  const { setup } = group;
  const reader = readerOf(makeEstate(factsOf(setup)));
  const flow = one.all;
  const decision = decideService(
    reader,
    { cluster, node: text(setup.nodeName) },
    {
      source: ip(text(flow.sourceIP)),
      destination: ip(text(flow.destIP)),
      port: Number(flow.destPort),
      protocol: protocolOf(flow.protocol),
    },
    { isPod: false, isLocalProcess: false },
  );
  const verdict = decision.healthCheck?.isAccepted
    ? 'ACCEPT'
    : decision.verdict === 'none'
      ? 'NOMATCH'
      : decision.verdict.toUpperCase();
  const got = {
    verdict,
    endpoints: decision.endpoints.map((e) =>
      familyOf(e.ip) === 6 ? `[${e.ip}]:${e.port}` : `${e.ip}:${e.port}`,
    ),
    masquerades: decision.masquerades || decision.hairpins !== undefined,
  };
  const expected = { ...asObject(one.expect), masquerades: flow.expectMasq };
  return { isRight: sameJson(got, expected), got };
}

function factsOf(setup: JsonObject): readonly Fact[] {
  const place = { file: 'vector' };
  const nodeIps = texts(setup.nodeIPs).map(ip);
  return [
    ...arrayOf(setup.services).map((s) => fact('service', serviceOf(asObject(s)), place)),
    ...arrayOf(setup.endpointSlices).map((s) => fact('endpointSlice', sliceOf(asObject(s)), place)),
    fact('node', nodeOf(text(setup.nodeName), nodeIps), place),
    fact('serviceProxy', proxyOf(setup), place),
  ];
}

function proxyOf(setup: JsonObject): ServiceProxy {
  const detector = at(setup.localDetector, 'cidr');
  const addresses = setup.nodePortAddresses;
  return {
    cluster,
    program: 'kube-proxy',
    mode: text(setup.proxyMode) as ServiceProxy['mode'],
    version: newest,
    clusterCidrs: typeof detector === 'string' ? [prefix(detector)] : [],
    serviceCidrs: texts(setup.serviceCIDRs).map(prefix),
    masqueradeAll: setup.masqueradeAll === true,
    strictArp: false,
    ...(addresses !== null && addresses !== undefined && { nodePortAddresses: texts(addresses) }),
    ...(setup.localhostNodePorts !== undefined && { localhostNodePorts: setup.localhostNodePorts === true }),
  };
}
