/* A run whose folder lies on a file system that fills up while it waits: a small tmpfs in a user and mount namespace. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import { type JobWorld, madeServices, removeImage, startJobWorld } from './job.ts';

let world: JobWorld;
afterEach(() => world.stop());
afterAll(removeImage);

/** What one shell does inside: fills the disk during the wait, leaves what the run says, makes room, and goes on. */
const script = `
set -u
mkdir runs && mount -t tmpfs -o size=$SIZE tmpfs runs || exit 90
(
  until grep -q '"waiting"' runs/*/journal.jsonl 2>/dev/null; do sleep 0.1; done
  dd if=/dev/zero of=runs/filler bs=4096 2>/dev/null
) &
"$PROGRAM" apply plan.json --runs runs --yes > first.txt 2>&1
echo "first $?"
wait
rm runs/filler
RUN=$(ls runs | grep -v lock | head -n 1)
"$PROGRAM" runs "$RUN" --runs runs > story.txt 2>&1
echo "story $?"
"$PROGRAM" "$NEXT" "$RUN" --runs runs --yes > next.txt 2>&1
echo "next $?"
cat first.txt story.txt next.txt
`;

async function inside(next: string): Promise<string> {
  const work = world.pod({ args: ['--version'] });
  await work.ended;
  writeFileSync(join(work.folder, 'inside.sh'), script);
  const env = { ...work.env, PROGRAM: work.program, NEXT: next, SIZE: '64k' };
  const child = spawn('unshare', ['-rm', 'sh', 'inside.sh'], { cwd: work.folder, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (d) => (output += d));
  await new Promise((done) => child.once('close', done));
  return output;
}

it.each([
  ['resume', madeServices],
  ['rollback', []],
] as const)(
  'stops before the next write with what to do; after making room, %s goes on',
  async (next, made) => {
    world = await startJobWorld(4, 1_500);
    const output = await inside(next);
    expect(output).toContain('first 4\n');
    expect(output).toMatch(/the journal runs\/.*journal\.jsonl cannot be written: .*ENOSPC/);
    expect(output).toMatch(/make room or mend the folder, then run sightline resume/);
    expect(output).toContain('story 0\n');
    expect(output).toContain('next 0\n');
    expect(world.made()).toEqual(made);
  },
  120_000,
);
