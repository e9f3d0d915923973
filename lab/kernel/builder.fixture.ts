/*
 * A builder to be killed: brings up the founding topology with an agent and an announcer, says so, and waits.
 * Usage: node builder.fixture.ts wait | throw | once [root | user-namespace]
 */
import { Announcer } from './announcer.ts';
import type { BoxMode } from './box.ts';
import { topology } from './founding.fixture.ts';
import { startLab } from './lab.ts';

const [what, mode] = process.argv.slice(2);
const began = performance.now();
const lab = await startLab(topology, mode === undefined ? {} : { mode: mode as BoxMode });
if (lab.kind !== 'lab') {
  console.log(JSON.stringify(lab));
  process.exit(4);
}
const upMs = performance.now() - began;
const agent = await lab.agent('pods1');
const announcer = await Announcer.start(lab, 'node1', 'eth0');
await announcer.add('10.0.20.200');
const { pid } = await agent.ask('agent.usage', {});
const interfaces = await lab.run('node1', ['ip', '-br', 'link']);
console.log(
  JSON.stringify({
    kind: 'up',
    mode: lab.mode,
    folder: lab.folder,
    upMs,
    pid,
    interfaces: interfaces.stdout,
  }),
);
if (what === 'throw') throw new Error('a mistake of the builder');
if (what === 'once') await lab.down();
else setInterval(() => undefined, 1000);
