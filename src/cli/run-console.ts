/*
 * A run at the terminal: records as they happen, a line that shows what is being done and counts down, questions, and
 * Ctrl-C as a question. Without a terminal: plain lines, and nobody answers.
 */
import type { Clock, Entry, Operator, Order, Plan, RunHooks, Watcher } from '#app/run-core.ts';
import { plain } from '#report/plain.ts';
import { countdownText, entryText, stageTitleOf, type Titles, titlesOf } from '#report/run-text.ts';
import type { Terminal } from './terminal.ts';

export interface ConsoleOptions {
  /** Gates that only ask are passed. Failures are still asked about. */
  readonly isYes: boolean;
  /** One JSON event a line instead of text; nobody is asked. */
  readonly isJson: boolean;
}

/** Signals that ask a program to end; SIGHUP: its terminal is gone. */
const ending = ['SIGTERM', 'SIGHUP'] as const;

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

export class RunConsole {
  readonly #terminal: Terminal;
  readonly #options: ConsoleOptions;
  #titles: Titles = { change: (id) => id, stage: () => '' };
  #heading: string | undefined;
  #run: string | undefined;
  #status = '';
  #isBack = false;
  #until: number | undefined;
  #frame = 0;
  #ticker: NodeJS.Timeout | undefined;
  #asking: AbortController | undefined;
  #order: Promise<Order> | undefined;
  #wake: (() => void) | undefined;
  #isEnding = false;

  constructor(terminal: Terminal, options: ConsoleOptions) {
    this.#terminal = terminal;
    this.#options = options;
  }

  /** Id of the run, once it has begun. */
  get run(): string | undefined {
    return this.#run;
  }

  hooks(): RunHooks {
    return {
      clock: this.#clock(),
      operator: this.#operator(),
      watcher: this.#watcher(),
      interrupt: () => this.#takeOrder(),
      working: (says) => this.#working(says),
      begun: (run, plan) => this.#begun(run, plan),
      agree: (title, shown) => this.#agree(title, shown),
      doByHand: (title, instructions) => this.#doByHand(title, instructions),
    };
  }

  /** Runs with Ctrl-C as a question; `stop` ends the process at once (second Ctrl-C). */
  async during<T>(run: () => Promise<T>, stop: () => never): Promise<T> {
    const onInterrupt = () => this.interrupt(stop);
    const onEnd = () => this.end(stop);
    process.on('SIGINT', onInterrupt);
    for (const signal of ending) process.on(signal, onEnd);
    try {
      return await run();
    } finally {
      process.off('SIGINT', onInterrupt);
      for (const signal of ending) process.off(signal, onEnd);
      this.#quiet();
    }
  }

  /** A question that is yes with --yes, and no where nobody is there or the question is interrupted. */
  async wants(asks: string): Promise<boolean> {
    if (this.#options.isYes) return true;
    return /^y(es)?$/i.test((await this.#typed(`${plain(asks)} [y/N] `)) ?? '');
  }

  /** A line that somebody types; undefined: nobody is there, or the question is interrupted. */
  async #typed(question: string): Promise<string | undefined> {
    const { ask } = this.#terminal;
    if (ask === undefined || this.#options.isJson) return undefined;
    const asking = new AbortController();
    this.#asking = asking;
    this.#hideLine();
    try {
      return (await ask(question, asking.signal)).trim();
    } catch {
      return undefined;
    } finally {
      this.#asking = undefined;
    }
  }

  /** First: the question. At a question, or a second time: no more asking. */
  interrupt(stop: () => never): void {
    if (this.#order !== undefined) stop();
    if (this.#asking !== undefined) {
      this.#asking.abort();
      return;
    }
    this.#order = this.#whatNow().then((order) => {
      if (order === 'go-on') this.#order = undefined;
      return order;
    });
    this.#wake?.();
  }

  /** Told to end, or the terminal is gone: nobody is asked, and the run pauses. A second time: at once. */
  end(stop: () => never): void {
    if (this.#isEnding) stop();
    this.#isEnding = true;
    this.print(
      this.#terminal.palette.warn('Told to end. The change at hand is finished first, then the run pauses.'),
    );
    this.#order ??= Promise.resolve('pause');
    this.#asking?.abort(); // a question that is cut short means: pause
    this.#wake?.();
  }

  /** An order to roll back is given once: on the way back it would be one to roll back the way back. */
  async #takeOrder(): Promise<Order | undefined> {
    const order = await this.#order;
    if (order === 'roll-back') this.#order = undefined;
    return order;
  }

  async #whatNow(): Promise<Order> {
    this.print(
      this.#terminal.palette.warn(
        'Interrupted. The change at hand is finished first. Ctrl-C again stops at once.',
      ),
    );
    return this.#choose('go on', 'pause');
  }

  #clock(): Clock {
    return {
      now: () => new Date().toISOString(),
      sleep: async (ms, isWait = false) => {
        const end = Date.now() + ms;
        if (ms > 2000) this.#until = end;
        while (Date.now() < end && !(isWait && (await this.#isInterrupted())))
          await this.#nap(end - Date.now());
        this.#until = undefined;
        return Date.now() >= end;
      },
    };
  }

  async #isInterrupted(): Promise<boolean> {
    const order = await this.#order;
    return order !== undefined && order !== 'go-on';
  }

  /** Until the time has passed, or somebody interrupts. */
  #nap(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(ms, 2 ** 31 - 1));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #operator(): Operator {
    return {
      confirm: async (asks) => {
        if (this.#options.isYes) {
          this.print(`  ${this.#terminal.palette.accent('?')} ${plain(asks)} yes (--yes)`);
          return 'go-on';
        }
        this.print(`  ${this.#terminal.palette.accent('?')} ${plain(asks)}`);
        return this.#choose('go on', 'pause');
      },
      decide: async (says, next) => {
        const { bad, dim } = this.#terminal.palette;
        this.print(`  ${bad('✘')} ${plain(says)}\n${dim(`    ${plain(next)}`)}`);
        return this.#choose('try again', 'pause');
      },
    };
  }

  /** With --yes it is shown and gone on with. */
  async #agree(title: string, shown: string): Promise<boolean> {
    const { accent, strong } = this.#terminal.palette;
    this.print(`  ${accent('→')} ${strong(plain(this.#isBack ? `undo: ${title}` : title))}`);
    for (const line of shown.trimEnd().split('\n')) this.print(`    ${plain(line)}`);
    return this.wants(this.#isBack ? 'Take this back?' : 'Write this?');
  }

  /** Never passed by --yes: what a person must do is done by a person, and then seen. */
  async #doByHand(title: string, instructions: string): Promise<'done' | 'stop'> {
    const { palette } = this.#terminal;
    this.print(`  ${palette.accent('✋')} ${palette.strong(plain(title))}`);
    for (const line of instructions.split('\n')) this.print(`    ${plain(line)}`);
    const question = `    ${palette.strong('d')} done   ${palette.strong('s')} stop  > `;
    return /^(d|done|y|yes)$/i.test((await this.#typed(question)) ?? '') ? 'done' : 'stop';
  }

  /** Go on, pause or roll back; `pause` where nobody is there, or the question is interrupted. */
  async #choose(goOn: string, other: 'pause'): Promise<Order> {
    const { palette } = this.#terminal;
    const [g, p, r] = ['g', 'p', 'r'].map((key) => palette.strong(key));
    for (;;) {
      const answer = await this.#typed(`    ${g} ${goOn}   ${p} pause   ${r} roll back  > `);
      switch (answer?.toLowerCase()) {
        case undefined:
          return other;
        case 'g':
        case goOn:
        case 'y':
        case 'yes':
          return 'go-on';
        case 'p':
        case 'pause':
          return 'pause';
        case 'r':
        case 'roll back':
          return 'roll-back';
      }
    }
  }

  #watcher(): Watcher {
    return {
      record: (entry) => this.#record(entry),
      trying: (says) => this.#working(this.#isBack ? `undoing: ${says}` : says),
    };
  }

  #record(entry: Entry): void {
    if (this.#options.isJson) {
      this.#event({ event: 'record', entry });
      return;
    }
    this.#status = '';
    if ('direction' in entry) this.#isBack = entry.direction === 'back';
    const stage = stageTitleOf(entry, this.#titles);
    if (stage !== undefined && stage !== this.#heading) {
      this.#heading = stage;
      this.print(`\n${this.#terminal.palette.strong(plain(stage))}`);
    }
    const text = entryText(entry, this.#titles, this.#terminal);
    if (text !== undefined) this.print(text);
  }

  #begun(run: string, plan: Plan): void {
    this.#run = run;
    this.#titles = titlesOf(plan);
  }

  #working(says: string): void {
    this.#status = plain(says, 200);
    if (this.#options.isJson) this.#event({ event: 'working', says });
    else if (this.#terminal.live === undefined) this.#terminal.note(`… ${this.#status}`);
    else this.#ticker ??= setInterval(() => this.#tick(), 100).unref();
  }

  #tick(): void {
    if (this.#asking !== undefined || this.#status === '') return;
    const { live, notePalette, width } = this.#terminal;
    this.#frame = (this.#frame + 1) % frames.length;
    const left =
      this.#until === undefined ? '' : ` ${notePalette.strong(countdownText(this.#until - Date.now()))}`;
    const text = this.#status.slice(0, width - 16);
    live?.(`${notePalette.accent(frames[this.#frame] ?? '')} ${text}${left}`);
  }

  #event(event: unknown): void {
    this.#terminal.out(JSON.stringify(event));
  }

  print(text: string): void {
    if (this.#options.isJson) return;
    this.#hideLine();
    this.#terminal.out(text);
  }

  #hideLine(): void {
    this.#terminal.live?.('');
  }

  #quiet(): void {
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    this.#status = '';
    this.#hideLine();
  }
}
