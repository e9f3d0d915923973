/*
 * Who writes the settings of the move again, and when: repositories that state them, and jobs that set them. What a
 * repository applies by itself undoes a change that was made elsewhere; what nobody owns stays as it was written.
 */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { Repository } from '#estate/settings.ts';
import { repositoriesOf, statementsOf } from '#estate/stated.ts';
import { anchoredTo } from '../anchors.ts';
import { claim, finding, serviceText } from '../compose.ts';
import type { Claim, Finding } from '../finding.ts';
import { type Frontend, frontendsOf } from '../frontends.ts';
import type { Rule } from '../rule.ts';

export const revertingOwners: Rule = {
  code: 'reverting-owners',
  looksFor: 'owners that would write the settings of the move back',
  cases: ['S03'],
  needs: [
    'service',
    'ingress',
    'repository',
    'statedSetting',
    'workload',
    'recordSet',
    'alias',
    'tunnelRule',
  ],
  check: ({ reader }) =>
    frontendsOf(reader).flatMap((f) => settingsOf(reader, f).map((s) => judge(reader, f, s))),
};

interface Setting {
  readonly fact: Fact;
  readonly fields: readonly string[];
  readonly text: string;
}

function settingsOf(reader: Reader, frontend: Frontend): readonly Setting[] {
  const [vip] = frontend.vips;
  const anchors = vip === undefined ? [] : anchoredTo(reader, vip).map((a) => a.anchor);
  const aliases =
    vip === undefined
      ? []
      : reader.all('alias').filter((a) => a.value.entries.includes(vip) && carriesHttps(reader, a));
  const tunnel = reader.all('tunnelRule').filter((t) => vip !== undefined && t.value.service.includes(vip));
  return [
    {
      fact: frontend.service,
      fields: ['requestedIps', 'loadBalancerIp', 'sharingKey', 'externalPolicy'],
      text: `address and policy of ${serviceText(frontend.service.value)}`,
    },
    ...anchors.map((a) => ({
      fact: a,
      fields: ['values'],
      text: `record ${a.value.name} ${a.value.type} on ${a.value.server}`,
    })),
    ...aliases.map((a) => ({
      fact: a,
      fields: ['entries'],
      text: `alias ${a.value.name} on ${a.value.firewall}`,
    })),
    ...tunnel
      .slice(0, 1)
      .map((t) => ({ fact: t, fields: ['service'], text: `origin of tunnel ${t.value.tunnel}` })),
  ];
}

/** The alias is the target of a forward of 443. */
function carriesHttps(reader: Reader, alias: Fact<'alias'>): boolean {
  return reader.by('portForward', 'firewall', alias.value.firewall).some((p) => {
    const d = p.value.match.destinationPort;
    return (
      p.value.target === alias.value.name && d.kind === 'range' && d.range.first <= 443 && 443 <= d.range.last
    );
  });
}

interface Owning {
  readonly repository: Repository;
  readonly statements: readonly Fact[];
}

function judge(reader: Reader, frontend: Frontend, setting: Setting): Finding {
  const owning = repositoriesOf(reader, setting.fact).map((repository) => ({
    repository,
    statements: setting.fields
      .flatMap((field) => statementsOf(reader, repository, setting.fact, field))
      .flatMap((s) => factOf(reader, s.fact) ?? []),
  }));
  const byItself = owning.filter(
    (o) =>
      o.repository.applies === 'on-push' ||
      o.repository.applies === 'on-schedule' ||
      o.repository.applies === 'unknown',
  );
  const subject = setting.text;
  const isBlind = owning.some((o) => o.statements.length === 0 && o.repository.type === 'helm');
  if (owning.length === 0) return unowned(frontend, setting);
  return finding({
    code: 'reverting-owners',
    severity: byItself.length > 0 || isBlind ? 'warning' : 'notice',
    subject,
    title:
      byItself.length > 0
        ? `${byItself.map((o) => o.repository.id).join(' and ')} would write the ${subject} back without anybody asking (${byItself.map((o) => whenText(o.repository)).join(', ')})`
        : isBlind
          ? `The ${subject} belongs to Helm release ${owning[0]?.repository.id ?? ''}, whose values are not in the snapshot`
          : `The ${subject} is owned by ${owning.map((o) => o.repository.id).join(' and ')}: change it there, or its next apply writes it back`,
    cause:
      'A setting that is changed past its owner holds until the owner’s next apply: that may be minutes or weeks later, when nobody thinks of the change any more.',
    claims: owning.flatMap((o) => ownerClaims(reader, setting, o)),
    refutedBy: `a plan of the owner (${owning.map((o) => (o.repository.applyCommand ?? ['apply']).at(-1)).join('; ')}) that shows no change after the live edit`,
    affects: { services: [frontend.id] },
    advice:
      byItself.length > 0
        ? [
            `Hold ${byItself.map((o) => o.repository.id).join(' and ')} during the move, change the setting in it, and let it go on afterwards.`,
          ]
        : [`Make the change in ${owning.map((o) => o.repository.id).join(' and ')} and apply it from there.`],
  });
}

function whenText(repository: Repository): string {
  return {
    manual: 'by hand',
    'on-push': 'on every push',
    'on-schedule': 'on a schedule',
    unknown: 'when is not known',
  }[repository.applies];
}

function ownerClaims(reader: Reader, setting: Setting, o: Owning): readonly Claim[] {
  const told = reader.get('repository', o.repository.id);
  const places = [...new Map(o.statements.map((s) => [s.key, s])).values()];
  return [
    claim(
      `${o.repository.id} (${o.repository.type}) owns the ${setting.text}, applied ${whenText(o.repository)}`,
      told,
      setting.fact,
    ),
    places.length > 0
      ? claim(
          `it states it in ${places.map((p) => `${p.evidence.file}${p.evidence.line === undefined ? '' : `:${p.evidence.line}`}`).join(', ')}`,
          ...places,
        )
      : claim(
          'where it states it was not found; its next apply must be taken for one that writes it back',
          told,
        ),
  ];
}

/** Nobody known owns it: live writes stay, and nothing documents them. */
function unowned(frontend: Frontend, setting: Setting): Finding {
  const { owner } = setting.fact;
  const helm = owner?.kind === 'helm';
  return finding({
    code: 'reverting-owners',
    severity: helm ? 'warning' : 'notice',
    subject: setting.text,
    title: helm
      ? `The ${setting.text} belongs to Helm release ${owner.name}, whose values no repository holds`
      : `Nobody known owns the ${setting.text}: what is written there stays`,
    cause: helm
      ? 'The next helm upgrade writes the Service from whatever values it is given; a live edit is lost without a word.'
      : 'No repository and no job in the snapshot states it. The change is made on the system itself, and only documents remember it.',
    claims: [
      claim(
        `${owner === undefined ? 'no owner is recorded' : `recorded owner: ${owner.kind} ${owner.name}`}`,
        setting.fact,
      ),
    ],
    refutedBy: 'a repository, pipeline or job outside the snapshot that states it',
    affects: { services: [frontend.id] },
    advice: helm
      ? [
          `helm get values ${owner.name.split('/').at(-1)} before the move, and change the values, not the Service.`,
        ]
      : [],
  });
}

function factOf(reader: Reader, key: string): Fact | undefined {
  const colon = key.indexOf(':');
  return reader.get(key.slice(0, colon) as Fact['kind'], key.slice(colon + 1));
}
