/* Whether lists of ranges cover a range wholly: intervals of numbers, merged. */
import { familyOf, ipToNumber } from '#net/ip.ts';
import { type IpRange, type Prefix, prefixToRange } from '#net/prefix.ts';

/** A prefix or a range, as a range. */
export function rangeOf(range: Prefix | IpRange): IpRange {
  return typeof range === 'string' ? prefixToRange(range) : range;
}

/** Every address of the range lies in at least one of the others. */
export function isCovered(range: Prefix | IpRange, by: readonly (Prefix | IpRange)[]): boolean {
  const wanted = rangeOf(range);
  const family = familyOf(wanted.first);
  const parts = by.map(rangeOf).filter((r) => familyOf(r.first) === family);
  const bounds = parts.map((r) => [ipToNumber(r.first), ipToNumber(r.last)] as const);
  bounds.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  let next = ipToNumber(wanted.first);
  const last = ipToNumber(wanted.last);
  for (const [first, end] of bounds) {
    if (first > next) break;
    if (end >= next) next = end + 1n;
  }
  return next > last;
}

/** `10.0.0.0/8` as written, `a-b` for ranges. */
export function rangeText(range: Prefix | IpRange): string {
  return typeof range === 'string' ? range : `${range.first}-${range.last}`;
}
