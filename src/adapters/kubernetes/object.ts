/* One Kubernetes object as it came: what it is, where it stood, its metadata without secrets, and who owns it. */
import type { Evidence, Owner } from '#estate/evidence.ts';
import type { Labels } from '#estate/kubernetes.ts';
import { redactSetting } from '#estate/secret.ts';
import { ownerOf } from './owner.ts';
import { mapAt, needText, type Raw, textAt, textMapAt, WrongShape } from './raw.ts';

export interface KubeObject {
  readonly cluster: string;
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty: not in a namespace. */
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly raw: Raw;
  readonly spec: Raw;
  readonly status: Raw;
  readonly evidence: Evidence;
  readonly owner?: Owner;
}

const noLabels: Labels = Object.freeze({});
const objectName = /^[A-Za-z0-9]([A-Za-z0-9._:-]{0,251}[A-Za-z0-9])?$/;

/** What every kind has in common; throws WrongShape where even that is wrong. */
export function toObject(raw: Raw, cluster: string, file: string, line: number): KubeObject {
  const metadata = mapAt(raw, 'metadata');
  const kind = needText(raw, 'kind');
  const name = checkedName(needText(metadata, 'name'), 'metadata.name');
  const namespace = checkedName(textAt(metadata, 'namespace') ?? '', 'metadata.namespace');
  const annotations = redacted(textMapAt(metadata, 'annotations'));
  const labels = textMapAt(metadata, 'labels') ?? noLabels;
  const object = namespace === '' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
  const owner = ownerOf(metadata, labels, annotations);
  return {
    cluster,
    apiVersion: textAt(raw, 'apiVersion') ?? '',
    kind,
    namespace,
    name,
    labels,
    annotations,
    raw,
    spec: mapAt(raw, 'spec'),
    status: mapAt(raw, 'status'),
    evidence: { file, line, object },
    ...(owner && { owner }),
  };
}

function checkedName(name: string, path: string): string {
  if (name !== '' && !objectName.test(name)) throw new WrongShape(path, 'a name that Kubernetes allows');
  return name;
}

function redacted(annotations: Labels | undefined): Labels {
  if (annotations === undefined) return noLabels;
  const kept = Object.entries(annotations).filter(([k]) => !k.endsWith('last-applied-configuration'));
  return Object.fromEntries(kept.map(([k, v]) => [k, redactSetting(k, v)]));
}
