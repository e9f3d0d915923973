/* `sightline trace`: one flow hop by hop, forward and back. */
import { type TraceQuestion, traceFlow } from '#app/trace.ts';
import { walkToText } from '#report/trace-text.ts';
import type { Run } from '../main.ts';
import { writeDocuments } from '../write-documents.ts';

export const run: Run = async (terminal, [snapshot = ''], options) => {
  const report = await traceFlow(questionOf(snapshot, options));
  if (options.json) terminal.out(JSON.stringify(report, null, 2));
  else terminal.out(report.walks.map((w) => walkToText(w, terminal)).join('\n\n'));
  const documents = () => import('#report/trace-documents.ts');
  await writeDocuments(
    {
      html: async () => (await documents()).walksToHtml(report.walks),
      markdown: async () => (await documents()).walksToMarkdown(report.walks),
    },
    options,
    terminal,
  );
  return 0;
};

function questionOf(snapshot: string, o: Record<string, unknown>): TraceQuestion {
  return {
    snapshot,
    from: String(o.from),
    to: String(o.to),
    ...(o.source !== undefined && { source: String(o.source) }),
    ...(o.family !== undefined && { family: o.family === '6' ? (6 as const) : (4 as const) }),
    ...(o.path !== undefined && { path: String(o.path) }),
    ...(Array.isArray(o.header) && { headers: o.header.map(String) }),
  };
}
