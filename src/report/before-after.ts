/* One table: model and kernel, before and after. As data, and as text for a terminal. */
import { plain } from './plain.ts';
import { columns, type Palette } from './style.ts';

/** As whom the ingress saw the client; `says` where not every attempt was answered. */
export interface Sight {
  readonly clients: readonly string[];
  readonly says?: string;
  /** HTTP/3: the port that was dialled. */
  readonly port?: number;
}

export interface BeforeAfterCell {
  readonly model: Sight;
  readonly kernel: Sight;
}

export interface BeforeAfterRow {
  readonly vantage: string;
  /** HTTP/3 on the port that Alt-Svc names, or on the one of the address bar. */
  readonly what: 'https' | 'http3-told' | 'http3-same';
  readonly before: BeforeAfterCell;
  readonly after: BeforeAfterCell;
}

export interface BeforeAfter {
  readonly kind: 'before-after';
  readonly name: string;
  readonly rows: readonly BeforeAfterRow[];
  readonly upMs: number;
  readonly totalMs: number;
}

/** Rows in which model and kernel say different things. */
export function disagreeing(table: BeforeAfter): readonly BeforeAfterRow[] {
  return table.rows.filter((r) => [r.before, r.after].some((c) => !isSeenAsPredicted(c)));
}

/** Of several clients that the model names, a few attempts may show some only. */
export function isSeenAsPredicted({ model, kernel }: BeforeAfterCell): boolean {
  const isKnown = kernel.clients.every((c) => model.clients.includes(c));
  const isSilent = (sight: Sight) => sight.clients.length === 0;
  return (
    isKnown && isSilent(model) === isSilent(kernel) && (kernel.says === undefined || model.says !== undefined)
  );
}

/** The table for a terminal. */
export function beforeAfterToText(table: BeforeAfter, palette: Palette): string {
  const head = ['from', table.name, 'before: model', 'before: kernel', 'after: model', 'after: kernel'];
  const rows = table.rows.map((r) => [
    plain(r.vantage),
    labelOf(r),
    ...[r.before.model, r.before.kernel, r.after.model, r.after.kernel].map(sightText),
  ]);
  const wrong = disagreeing(table).length;
  const verdict =
    wrong === 0
      ? palette.good(`model and kernel agree in all ${table.rows.length} rows`)
      : palette.bad(`model and kernel disagree in ${wrong} of ${table.rows.length} rows`);
  return `${columns([head, ...rows])}\n${verdict}`;
}

/** `10.0.20.103`, `198.51.100.20`, or why there is none. */
export function sightText(sight: Sight): string {
  const seen = sight.clients.join(' or ');
  if (sight.says === undefined) return seen === '' ? 'nothing' : plain(seen);
  return seen === '' ? 'no answer' : plain(`${seen}, and some no answer`);
}

function labelOf(row: BeforeAfterRow): string {
  if (row.what === 'https') return 'HTTPS sees';
  const ports = [row.before, row.after].map((c) => c.kernel.port ?? c.model.port ?? 443);
  const port = ports[0] === ports[1] ? `${ports[0]}` : `${ports[0]} then ${ports[1]}`;
  return row.what === 'http3-told' ? `HTTP/3 as advertised (${port})` : 'HTTP/3 on 443';
}
