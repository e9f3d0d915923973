/* A terminal at which nobody can answer any more, as a process of its own. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const script = `
  import { askLine } from ${JSON.stringify(join(import.meta.dirname, 'terminal.ts'))};
  for (let n = 0; n < 3; n++) {
    const said = await askLine('? ', new AbortController().signal).catch(() => 'nobody');
    console.log(said);
  }
`;

it('says so at every question after the end of its input, and waits at none', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += text.toString();
    if (said === 'yes\n') child.stdin.end();
  });
  child.stdin.write('yes\n');
  const code = await new Promise((done) => child.once('close', done));
  expect([code, said]).toEqual([0, 'yes\nnobody\nnobody\n']);
});
