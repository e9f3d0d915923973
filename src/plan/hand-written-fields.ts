/* Which fields the parts of a person's plan may have: a field that is misspelt would otherwise be left out in silence. */
import type { DataPath, WrittenContext } from './hand-written.ts';

const common = ['do', 'by', 'why'];

const fieldsOf: Readonly<Record<string, readonly string[]>> = {
  goal: ['give-own-address', 'address', 'policy', 'outOfScope'],
  stage: ['name', 'window', 'changes'],
  'create-alias': ['on', 'alias', 'addresses', 'descr'],
  'set-record': ['on', 'zone', 'name', 'type', 'view', 'value', 'ttl'],
  'set-record-ttl': ['on', 'zone', 'name', 'type', 'view', 'value', 'ttl'],
  'set-service': ['service', 'address', 'policy', 'sharingKey', 'type', 'through'],
  'set-service-type': ['service', 'address', 'policy', 'sharingKey', 'type', 'through'],
  'create-service': ['service', 'like', 'address', 'policy', 'sharingKey', 'through'],
  'set-forward-target': ['on', 'forward', 'target'],
  'set-tunnel-origin': ['on', 'from', 'to'],
  'delete-service': ['service'],
  'pin-chart': ['release', 'version'],
  freeze: ['repository'],
  thaw: ['repository'],
  'fetch-secret': ['system'],
  set: ['fact', 'fields'],
  'update-document': ['path'],
  'add-document': ['path'],
  wait: ['seconds', 'until', 'address', 'service'],
};

/** Tells every field that this part cannot have; `word` is `goal`, `stage` or what a change does. */
export function onlyKnownFields(
  context: WrittenContext,
  data: Readonly<Record<string, unknown>>,
  path: DataPath,
  word: string,
): void {
  const own = fieldsOf[word] ?? [];
  const known = word === 'goal' || word === 'stage' ? own : [...common, ...own];
  for (const key of Object.keys(data)) {
    if (!known.includes(key))
      context.issue([...path, key], `${word} has no ${key}; it has ${own.join(', ')}`);
  }
  if ('by' in data && data.by !== 'operator' && known.includes('by'))
    context.issue([...path, 'by'], 'by is operator: a person makes it; without it the owner does');
}
