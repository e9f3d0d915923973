/* Every rule, in the order in which reports of equal severity are read. Each is held to the gaps of the estate. */
import { guarded } from './guard.ts';
import type { Rule } from './rule.ts';
import { addressElsewhere } from './rules/address-elsewhere.ts';
import { addressFree } from './rules/address-free.ts';
import { addressRefused } from './rules/address-refused.ts';
import { aliasUsers } from './rules/alias-users.ts';
import { allowlistCoverage } from './rules/allowlist-coverage.ts';
import { allowlistIdentity } from './rules/allowlist-identity.ts';
import { l2Status } from './rules/announcer-disagrees.ts';
import { asymmetricReturn } from './rules/asymmetric-return.ts';
import { banChain } from './rules/ban-chain.ts';
import { bouncerMissesTunnel } from './rules/bouncer-misses-tunnel.ts';
import { chartUnpinned } from './rules/chart-unpinned.ts';
import { clientMasked } from './rules/client-masked.ts';
import { cniMasquerades } from './rules/cni-masquerades.ts';
import { eligibleNodes } from './rules/eligible-nodes.ts';
import { externalDnsSync } from './rules/external-dns-sync.ts';
import { flipInPlace } from './rules/flip-in-place.ts';
import { headersForgeable } from './rules/headers-forgeable.ts';
import { helmWaits } from './rules/helm-waits.ts';
import { hitsWhitelisted } from './rules/hits-whitelisted.ts';
import { http3 } from './rules/http3.ts';
import { http3PathMtu } from './rules/http3-path-mtu.ts';
import { http3Rebinding } from './rules/http3-rebinding.ts';
import { ipv6Fails } from './rules/ipv6-fails.ts';
import { ipvsLocal } from './rules/ipvs-local.ts';
import { klipperHides } from './rules/klipper-hides-client.ts';
import { leaseAnnouncer } from './rules/lease-announcer.ts';
import { localOneNode } from './rules/local-one-node.ts';
import { mixedProtocol } from './rules/mixed-protocol.ts';
import { nameOtherPorts } from './rules/name-other-ports.ts';
import { namesFollow } from './rules/names-follow.ts';
import { neededBehindIngress } from './rules/needed-behind-ingress.ts';
import { nobodyAnnounces } from './rules/nobody-announces.ts';
import { oneOwnerPerPort } from './rules/one-owner-per-port.ts';
import { othersMasked } from './rules/others-masked.ts';
import { ownAddressBanned } from './rules/own-address-banned.ts';
import { poolOverlapsDhcp } from './rules/pool-overlaps-dhcp.ts';
import { portMergeKey } from './rules/port-merge-key.ts';
import { proxyProtocolHttp3 } from './rules/proxy-protocol-http3.ts';
import { proxyProtocolMixed } from './rules/proxy-protocol-mixed.ts';
import { publishedService } from './rules/published-service.ts';
import { revertingOwners } from './rules/reverting-owners.ts';
import { staleAnswers } from './rules/stale-answers.ts';
import { strictArp } from './rules/strict-arp.ts';
import { tunnelOrigin } from './rules/tunnel-origin.ts';
import { twoPaths } from './rules/two-paths.ts';
import { verdictsChange } from './rules/verdicts-change.ts';

/** Rules as they are written, without the guard. */
export const plainRules: readonly Rule[] = [
  ...[clientMasked, cniMasquerades, klipperHides, http3, http3Rebinding, http3PathMtu, ipv6Fails],
  ...[
    flipInPlace,
    tunnelOrigin,
    neededBehindIngress,
    namesFollow,
    staleAnswers,
    addressElsewhere,
    addressFree,
    poolOverlapsDhcp,
  ],
  ...[
    eligibleNodes,
    nobodyAnnounces,
    localOneNode,
    strictArp,
    ipvsLocal,
    leaseAnnouncer,
    l2Status,
    addressRefused,
  ],
  ...[headersForgeable, verdictsChange, proxyProtocolMixed, proxyProtocolHttp3, bouncerMissesTunnel],
  ...[hitsWhitelisted, banChain, allowlistCoverage, allowlistIdentity, ownAddressBanned],
  ...[revertingOwners, helmWaits, chartUnpinned, publishedService, externalDnsSync, oneOwnerPerPort],
  ...[aliasUsers, twoPaths, nameOtherPorts, portMergeKey, mixedProtocol, othersMasked, asymmetricReturn],
];

export const rules: readonly Rule[] = plainRules.map(guarded);
