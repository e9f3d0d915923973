/* One call of `terragrunt` in the lab: what was asked goes to the lab, what it answers is printed. */
import { connect } from 'node:net';
import type { ProgramEnd } from './terraform.ts';

const socket = connect(process.env.SIGHTLINE_LAB_OWNER ?? '');
let answer = '';
socket.setEncoding('utf8').on('data', (part: string) => {
  answer += part;
});
socket.on('error', () => {
  console.error('Error: the lab is gone');
  process.exitCode = 1;
});
socket.on('end', () => {
  const end = JSON.parse(answer) as ProgramEnd;
  console.log(end.output);
  process.exitCode = end.code;
});
socket.write(`${JSON.stringify({ cwd: process.cwd(), argv: process.argv.slice(2) })}\n`);
