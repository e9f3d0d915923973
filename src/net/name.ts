/* DNS names: lower case, no trailing dot, ASCII; and the wildcard rule of RFC 4592. */

/** Canonical DNS name, such as `immich.example.org`; the root is the empty string. */
export type DnsName = string & { readonly dnsName: unique symbol };

const label = /^(?!-)[a-z0-9_-]{1,63}$/;

/** Canonical name, or undefined where the text is no host or record name (HTML, control characters, over-long labels). */
export function parseName(text: string): DnsName | undefined {
  const name = text.toLowerCase().replace(/\.$/, '');
  if (name === '') return '' as DnsName;
  if (name.length > 253) return undefined;
  const labels = name.split('.');
  const rest = labels[0] === '*' ? labels.slice(1) : labels;
  return rest.every((l) => label.test(l)) ? (name as DnsName) : undefined;
}

/** The name in text known to be valid; throws RangeError otherwise. */
export function dnsName(text: string): DnsName {
  const parsed = parseName(text);
  if (parsed === undefined) throw new RangeError(`not a DNS name: ${JSON.stringify(text)}`);
  return parsed;
}

export function isUnder(name: DnsName, zone: DnsName): boolean {
  return zone === '' || name === zone || name.endsWith(`.${zone}`);
}

/** The name one label shorter: `a.b.c` gives `b.c`; the root has none. */
export function parentOf(name: DnsName): DnsName | undefined {
  if (name === '') return undefined;
  const dot = name.indexOf('.');
  return (dot < 0 ? '' : name.slice(dot + 1)) as DnsName;
}
