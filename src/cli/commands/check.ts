/* `sightline check`: findings as text, JSON, Markdown or one HTML file. */
import { checkSnapshot, type Finding, type Severity } from '#app/check.ts';
import type { CheckReport } from '#report/check-report.ts';
import { findingsToText } from '#report/findings-text.ts';
import type { Run } from '../main.ts';
import { writeDocuments } from '../write-documents.ts';

export const run: Run = async (terminal, [snapshot = ''], options) => {
  const whole = await checkSnapshot(snapshot);
  const report = options.code === undefined ? whole : onlyCode(whole, String(options.code));
  if (options.json) terminal.out(JSON.stringify(report, null, 2));
  else terminal.out(findingsToText(report.findings, report.gaps, terminal));
  await writeDocuments(
    {
      html: async () => (await import('#report/html.ts')).checkToHtml(report),
      markdown: async () => (await import('#report/markdown.ts')).checkToMarkdown(report),
    },
    options,
    terminal,
  );
  return isBad(report.findings, String(options.failOn)) ? 1 : 0;
};

function onlyCode(report: CheckReport, code: string): CheckReport {
  return { ...report, findings: report.findings.filter((f) => f.code === code) };
}

/** Whether a finding is at or above the threshold; `never` is met by none. */
function isBad(findings: readonly Finding[], threshold: string): boolean {
  const order: readonly Severity[] = ['critical', 'warning', 'notice'];
  const at = order.indexOf(threshold as Severity);
  return findings.some(
    (f) =>
      f.certainty === 'established' && order.indexOf(f.severity) !== -1 && order.indexOf(f.severity) <= at,
  );
}
