/* Suite conntrack: which entries are deleted as stale. */
import { cleanUpRulesOf } from '#dataplane/conntrack/rules.ts';
import { isStale } from '#dataplane/conntrack/stale.ts';
import { ip } from '#net/ip.ts';
import { protocolOf, serviceOf, sliceOf } from '../kube.ts';
import {
  type Answer,
  arrayOf,
  asObject,
  type Case,
  type Group,
  maybeText,
  sameJson,
  text,
} from '../vector.ts';

/** The release that the stored upstream test is of. */
const tested = '1.36';

export function conntrack(group: Group, one: Case): Answer {
  const services = arrayOf(group.setup.services).map((s) => serviceOf(asObject(s)));
  const slices = arrayOf(group.setup.endpointSlices).map((s) => sliceOf(asObject(s)));
  const entry = asObject(one.all.entry);
  const destination = maybeText(entry.origDstIP);
  const answers = releasesOf(group.versions)
    .flatMap(cleanUpRulesOf)
    .map((rules) =>
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
  const got = answers.map((deleted) => ({ deleted }));
  return { isRight: got.every((g) => sameJson(g, one.expect)), got };
}

/** First and last release of the range that opens the note (`v1.32..v1.36`), or the one that it names. */
function releasesOf(versions: string | undefined): readonly string[] {
  const [, first, last] = /v?(\d+\.\d+)(?:\.\.v?(\d+\.\d+))?/.exec(versions ?? '') ?? [];
  return first === undefined ? [tested] : last === undefined ? [first] : [first, last];
}
