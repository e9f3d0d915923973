/*
 * Which field of a Traefik JSON line the hub's parser crowdsecurity/traefik-logs takes as the client. Versions were told
 * by the digests in the hub's index: 0.5 reads the peer, 0.9 the whole of ClientHost, 1.5 (2026) its last element.
 * Versions between them changed at a point that was not seen, so they stay unknown unless the parser itself is there.
 */

export type AddressField = 'ClientAddr' | 'ClientHost' | 'ClientHost-last';

const seen: readonly { readonly from: number; readonly to: number; readonly field: AddressField }[] = [
  { from: 1, to: 5, field: 'ClientAddr' },
  { from: 9, to: 9, field: 'ClientHost' },
  { from: 105, to: Number.POSITIVE_INFINITY, field: 'ClientHost-last' },
];

/** By version `0.9`; undefined where the change fell between two versions that were seen. */
export function addressFieldOfVersion(version: string): AddressField | undefined {
  const parts = /^v?(\d{1,3})\.(\d{1,2})$/.exec(version.trim());
  if (parts === null) return undefined;
  const number = Number(parts[1]) * 100 + Number(parts[2]);
  return seen.find((s) => s.from <= number && number <= s.to)?.field;
}

/** By the parser's own text: the expression that fills remote_addr. */
export function addressFieldOfParser(text: string): AddressField | undefined {
  if (!/name:\s*crowdsecurity\/traefik-logs/.test(text)) return undefined;
  const modern = /parsed:\s*remote_addr\s*\n(?:\s*#[^\n]*\n)*\s*expression:([^\n]*)/.exec(text)?.[1];
  if (modern !== undefined) {
    if (modern.includes('ClientAddr')) return 'ClientAddr';
    if (!modern.includes('ClientHost')) return undefined;
    return modern.includes('[-1]') ? 'ClientHost-last' : modern.includes('Split') ? undefined : 'ClientHost';
  }
  const old =
    /%\{IPORHOST:remote_addr\}'\s*\n\s*expression:\s*JsonExtract\(evt\.Parsed\.message, "(\w+)"\)/.exec(text);
  return old?.[1] === 'ClientAddr' ? 'ClientAddr' : old?.[1] === 'ClientHost' ? 'ClientHost' : undefined;
}
