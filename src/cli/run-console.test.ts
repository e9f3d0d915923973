/* Questions of a run: what counts as no answer, and Ctrl-C at each of them. */
import { describe, expect, it } from 'vitest';
import { paperTerminal } from '#test/apply/office.ts';
import { RunConsole } from './run-console.ts';

const stop = (): never => {
  throw new Error('stopped at once');
};

/** A console at whose questions somebody presses Ctrl-C, or closes the terminal. */
function asked(deed: 'Ctrl-C' | 'gone', answers: string[] = []) {
  const paper = paperTerminal(answers);
  const terminal = {
    ...paper.terminal,
    ask: (_: string, signal: AbortSignal) =>
      new Promise<string>((_done, fail) => {
        signal.addEventListener('abort', () => fail(new Error('aborted')));
        if (deed === 'gone') fail(new Error('closed'));
        else queueMicrotask(() => console.interrupt(stop));
      }),
  };
  const console = new RunConsole(terminal, { isYes: false, isJson: false });
  return { console, text: paper.text };
}

describe.each(['Ctrl-C', 'gone'] as const)('at a question: %s', (deed) => {
  it('means no to a diff, which stands under the title of its change', async () => {
    const { console, text } = asked(deed);
    expect(await console.hooks().agree('Move it', '-a\n+b\n$ make')).toBe(false);
    expect(text()).toBe('  → Move it\n    -a\n    +b\n    $ make');
  });
  it('means stop to what a person does', async () => {
    expect(await asked(deed).console.hooks().doByHand('Do it', '1. so')).toBe('stop');
  });
  it('means pause to a gate, and to a failure', async () => {
    const { operator } = asked(deed).console.hooks();
    expect(await operator.confirm('Good?')).toBe('pause');
    expect(await operator.decide('it failed', 'mend it')).toBe('pause');
  });
  it('leaves the console ready for the next question', async () => {
    const { console } = asked(deed);
    await console.wants('One?');
    expect(await console.wants('Two?')).toBe(false);
  });
});

it('says on the way back that it is one', async () => {
  const paper = paperTerminal(['y']);
  const hooks = new RunConsole(paper.terminal, { isYes: false, isJson: false }).hooks();
  hooks.watcher.record({ kind: 'intent', change: 'a', direction: 'back' });
  expect(await hooks.agree('Move it', '+a\n')).toBe(true);
  expect(paper.text()).toContain('→ undo: Move it');
  expect(paper.text()).toContain('Take this back? [y/N] y');
});
