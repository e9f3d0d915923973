/* Who may do what: bearer tokens, each with the rules of a Role or ClusterRole. Nothing is allowed that no rule allows. */
import { type Json, listOf, mapOf, textOf } from './json.ts';
import { Refused } from './status.ts';

/** One rule of a (Cluster)Role; namespaces empty or undefined: all. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly namespaces?: readonly string[];
}

export interface User {
  readonly name: string;
  readonly token: string;
  /** 'all': everything, as cluster-admin. */
  readonly rules: readonly PolicyRule[] | 'all';
}

/** What a request wants to do. */
export interface Deed {
  readonly verb: string;
  readonly group: string;
  /** `services`, `services/status`. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

export function userOf(users: readonly User[], authorization: string | undefined): User {
  const token = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
  const user = users.find((u) => u.token === token);
  if (user === undefined) throw new Refused(401, 'Unauthorized', 'Unauthorized');
  return user;
}

export function isAllowed(user: User, deed: Deed): boolean {
  if (user.rules === 'all') return true;
  const holds = (list: readonly string[] | undefined, value: string) =>
    list === undefined || list.length === 0 || list.includes(value) || list.includes('*');
  return user.rules.some(
    (r) =>
      holds(r.apiGroups, deed.group) &&
      holds(r.resources, deed.resource) &&
      holds(r.verbs, deed.verb) &&
      // a name is not known yet when something is created or listed
      (r.resourceNames === undefined || r.resourceNames.includes(deed.name)) &&
      holds(r.namespaces, deed.namespace),
  );
}

export function forbidden(user: User, deed: Deed): Refused {
  const where = deed.namespace === '' ? 'at the cluster scope' : `in the namespace "${deed.namespace}"`;
  const what = deed.name === '' ? deed.resource : `${deed.resource} "${deed.name}"`;
  const says = `${what} is forbidden: User "${user.name}" cannot ${deed.verb} resource "${deed.resource}" in API group "${deed.group}" ${where}`;
  return new Refused(403, 'Forbidden', says, { name: deed.name, group: deed.group, kind: deed.resource });
}

/** The answer to a SelfSubjectAccessReview. */
export function review(user: User, body: Json): Json {
  const asked = mapOf(mapOf(body.spec).resourceAttributes);
  const sub = textOf(asked.subresource);
  const deed: Deed = {
    verb: textOf(asked.verb),
    group: textOf(asked.group),
    resource: sub === '' ? textOf(asked.resource) : `${textOf(asked.resource)}/${sub}`,
    namespace: textOf(asked.namespace),
    name: textOf(asked.name),
  };
  return { ...body, status: { allowed: isAllowed(user, deed) } };
}

/** Rules of the roles in a list of objects. */
export function rulesIn(objects: readonly unknown[]): readonly PolicyRule[] {
  return objects.flatMap((o) => {
    const role = mapOf(o);
    if (role.kind !== 'ClusterRole' && role.kind !== 'Role') return [];
    const namespace = textOf(mapOf(role.metadata).namespace);
    const rules = listOf(role.rules) as readonly PolicyRule[];
    return role.kind === 'Role' ? rules.map((r) => ({ ...r, namespaces: [namespace] })) : rules;
  });
}
