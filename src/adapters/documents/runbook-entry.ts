/* The short entry that the user's own runbooks gain: the address, its policy, who points at it, how to look, how to go back. */
import type { DocumentMove } from './statements.ts';

export interface NewDocument {
  readonly file: string;
  readonly text: string;
}

/** In the folder where runbooks already are; undefined: there is none. */
export function runbookEntry(paths: readonly string[], move: DocumentMove): NewDocument | undefined {
  const folder = paths.find((p) => /(^|\/)runbooks?\//.test(p))?.replace(/[^/]*$/, '');
  if (folder === undefined) return undefined;
  const [namespace = '', name = ''] = move.newService.split('/');
  const [, first = name] = move.service.split('/');
  const ports = move.ports.join(', ');
  const points = [
    ...move.names.map((n) => `- DNS inside: \`${n}\` A ${move.to}`),
    ...move.aliases.map(
      (a) => `- firewall: alias \`${a.after}\` = ${move.to}; the forwards for ${ports} name the alias`,
    ),
  ];
  const text = `# ${capital(first)}: load balancer address and policy

\`${move.newService}\` has ${move.to} to itself, with \`externalTrafficPolicy: ${move.policy.after}\`. ${move.from} belongs to the ${move.stays.length} Services that share it; none of them is the ingress.

## Why
Under \`${move.policy.before}\` the ingress saw the address of the announcing node instead of its clients. MetalLB lets Services share an address only if all are \`Cluster\`, so the ingress needs one of its own.

## Who points at ${move.to}
${points.length === 0 ? '- nobody by address' : points.join('\n')}

## How to look
- address and policy: \`kubectl -n ${namespace} get service ${name} -o wide\`
- who announces it: \`kubectl -n ${namespace} get events --field-selector involvedObject.name=${name} | grep nodeAssigned\`. Only nodes with a ready pod of the ingress can
- real clients: the ingress's access log shows public addresses, not those of nodes

## When it does not answer
1. Is a pod of the ingress ready on any node? With \`${move.policy.after}\` a node without one drops what comes to it.
2. Does the address stand in the Service's status? \`AllocationFailed\` in its events: somebody else has the address, or a sharing key came back.
3. Do the forwards still name the alias, and does the alias hold ${move.to}?
`;
  return { file: `${folder}${first}-lb-address.md`, text };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
