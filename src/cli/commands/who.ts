/* `sightline who`: everything that points at an address, a name or a Service. */
import { who } from '#app/who.ts';
import { referencesToText } from '#report/who-text.ts';
import type { Run } from '../main.ts';
import { writeDocuments } from '../write-documents.ts';

export const run: Run = async (terminal, [snapshot = '', what = ''], options) => {
  const report = await who(snapshot, what);
  if (options.json) terminal.out(JSON.stringify(report, null, 2));
  else terminal.out(referencesToText(report.references, terminal.palette));
  const documents = () => import('#report/who-documents.ts');
  await writeDocuments(
    {
      html: async () => (await documents()).referencesToHtml(what, report.references),
      markdown: async () => (await documents()).referencesToMarkdown(what, report.references),
    },
    options,
    terminal,
  );
  return 0;
};
