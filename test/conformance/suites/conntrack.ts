/* Suite conntrack: which entries are deleted as stale. */
import { cleanUpRulesOf } from '#dataplane/conntrack/rules.ts';
import { isStale } from '#dataplane/conntrack/stale.ts';
import { ip } from '#net/ip.ts';
import { protocolOf, serviceOf, sliceOf } from '../kube.ts';
import {
  type Answer,
  arrayOf,
  asObject,
  at,
  type Case,
  type Group,
  maybeText,
  sameJson,
  text,
} from '../vector.ts';

/** The release that the stored upstream test is of; a group that names a range is read in its last release. */
const tested = '1.36.0';

export function conntrack(group: Group, one: Case): Answer {
  const services = arrayOf(group.setup.services).map((s) => serviceOf(asObject(s)));
  const slices = arrayOf(group.setup.endpointSlices).map((s) => sliceOf(asObject(s)));
  const entry = asObject(one.all.entry);
  const destination = maybeText(entry.origDstIP);
  const answers = cleanUpRulesOf(tested).map((rules) =>
    isStale(
      {
        protocol: protocolOf(entry.protocol),
        ...(destination !== undefined && { destination: ip(destination) }),
        port: Number(entry.origDstPort),
        answersFrom: ip(text(entry.replySrcIP)),
      },
      services,
      (s) => slices.filter((e) => e.service === s.name && e.namespace === s.namespace),
      rules,
    ),
  );
  const got = { deleted: answers[0] };
  return { isRight: sameJson(got, { deleted: at(one.expect, 'deleted') }), got };
}
