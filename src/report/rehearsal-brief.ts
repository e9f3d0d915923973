/* A rehearsal in brief: a line for each vantage point, and what became of connections from before the change. */
import { plain } from './plain.ts';
import { type Rehearsal, rateText, type TrafficLine, totals } from './rehearsal.ts';
import { columns, type Palette } from './style.ts';

export function rehearsalInBrief(r: Rehearsal, palette: Palette): string {
  const { requests, failures } = totals(r);
  const ended = r.flows.filter((f) => f.ended !== undefined).length;
  const mark = failures === 0 ? palette.good : palette.bad;
  const vantages = [...new Set(r.lines.map((l) => l.vantage))];
  const heads = ['from', 'requests', 'failed', 'longest gap', 'the application sees', 'and after the plan'];
  return [
    `${mark(`${failures} of ${requests} requests failed`)}, ${ended} of ${r.flows.length} connections from before the change ended`,
    '',
    columns([
      heads,
      ...vantages.map((v) =>
        rowOf(
          v,
          r.lines.filter((l) => l.vantage === v),
        ),
      ),
    ]),
    '',
    beside(r, palette),
    palette.dim(timesText(r)),
  ].join('\n');
}

function rowOf(vantage: string, lines: readonly TrafficLine[]): readonly string[] {
  const sum = (of: (l: TrafficLine) => number) => lines.reduce((n, l) => n + of(l), 0);
  const http = lines.filter((l) => l.what.startsWith('HTTP'));
  const seen = (of: (l: TrafficLine) => readonly string[]) => [...new Set(http.flatMap(of))].join(', ');
  return [
    vantage,
    String(sum((l) => l.requests)),
    String(sum((l) => l.failures)),
    `${Math.max(...lines.map((l) => l.longestGapMs)).toFixed(0)} ms`,
    seen((l) => l.clientsBefore),
    seen((l) => l.clientsAfter),
  ];
}

function beside({ verdicts }: Rehearsal, palette: Palette): string {
  const wrong = verdicts.filter((v) => !v.isAsProved);
  if (wrong.length === 0)
    return palette.good(`all ${verdicts.length} statements of the proof came out of the kernel`);
  return wrong.map((v) => palette.bad(`the proof says otherwise: ${plain(v.says)}`)).join('\n');
}

function timesText(r: Rehearsal): string {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  return `HTTP/1.1, 2 and 3, DNS, PostgreSQL, TCP and UDP; ${seconds(r.trafficMs)} of traffic, ${rateText(r)}; waits and TTLs at 1/${Math.round(1 / r.timeScale)}; processors ${Math.round(r.idleShare * 100)} % idle`;
}
