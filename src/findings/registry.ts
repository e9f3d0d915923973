/* Every rule, in the order in which reports of equal severity are read. Each is held to the gaps of the estate. */
import { guarded } from './guard.ts';
import type { Rule } from './rule.ts';
import { addressElsewhere } from './rules/address-elsewhere.ts';
import { addressFree, poolOverlapsDhcp } from './rules/address-free.ts';
import { addressRefused } from './rules/address-refused.ts';
import { aliasUsers } from './rules/alias-users.ts';
import { allowlistCoverage, allowlistIdentity } from './rules/allowlist-coverage.ts';
import { asymmetricReturn } from './rules/asymmetric-return.ts';
import { banChain } from './rules/ban-chain.ts';
import { clientMasked } from './rules/client-masked.ts';
import { eligibleNodes } from './rules/eligible-nodes.ts';
import { flipInPlace } from './rules/flip-in-place.ts';
import { bouncerMissesTunnel, headersForgeable } from './rules/forwarded-headers.ts';
import { chartUnpinned, externalDnsSync, helmWaits, publishedService } from './rules/helm-release.ts';
import { hitsWhitelisted } from './rules/hits-whitelisted.ts';
import { http3, http3Rebinding } from './rules/http3.ts';
import { ipv6Fails } from './rules/ipv6-fails.ts';
import { nameOtherPorts } from './rules/name-other-ports.ts';
import { namesFollow } from './rules/names-follow.ts';
import { neededBehindIngress } from './rules/needed-behind-ingress.ts';
import { nobodyAnnounces } from './rules/nobody-announces.ts';
import { oneOwnerPerPort } from './rules/one-owner-per-port.ts';
import {
  cniMasquerades,
  ipvsLocal,
  klipperHides,
  l2Status,
  leaseAnnouncer,
  localOneNode,
  strictArp,
} from './rules/other-announcers.ts';
import { othersMasked } from './rules/others-masked.ts';
import { ownAddressBanned } from './rules/own-address-banned.ts';
import { http3PathMtu } from './rules/path-mtu.ts';
import { proxyProtocolHttp3, proxyProtocolMixed } from './rules/proxy-protocol.ts';
import { revertingOwners } from './rules/reverting-owners.ts';
import { mixedProtocol, portMergeKey } from './rules/service-ports.ts';
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
