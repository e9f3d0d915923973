/*
 * Kept walks and their outcomes. What a state does not touch of what a flow's walk was made from is never walked again,
 * also after the plan was edited. Where the world walks in stages, each stage is kept by itself.
 */
import { type Flow, flowText } from '#dataplane/flow.ts';
import type { Walk } from '#dataplane/trace.ts';
import type { World } from '#plan/world.ts';
import { answer, answerOnce, type Kept, KeptAnswers, type Question, type Store } from './kept.ts';
import { walkOutcome } from './outcome.ts';
import { type Asking, Recorder } from './recorder.ts';
import { StageAnswers } from './stage-answers.ts';
import type { View } from './view.ts';

/** A walk with everything that it depends on. */
export type KeptWalk = Kept<Walk>;

/** What is kept of how the walks of one flow come out. */
export type OutcomeQuestion = Question<Walk>;

/** What outcomes are kept in. */
interface Outcomes {
  readonly recorder: Recorder;
  readonly stages: StageAnswers | undefined;
  readonly answers: KeptAnswers<Walk>;
}

export class Memo {
  readonly #world: Pick<World, 'walk' | 'staged'>;
  readonly #recorder = new Recorder();
  readonly #stages: StageAnswers | undefined;
  readonly #walks = new KeptAnswers<Walk>();
  readonly #outcomes: Outcomes;

  /** `earlier`: of another reading of the estate. Outcomes are shared with it; whole walks tell where their facts stand. */
  constructor(world: Pick<World, 'walk' | 'staged'>, earlier?: Memo) {
    this.#world = world;
    this.#stages = world.staged && new StageAnswers(world.staged, this.#recorder);
    const own = this.#stages ? new KeptAnswers<Walk>() : this.#walks;
    this.#outcomes =
      earlier && earlier.#world === world && world.staged
        ? earlier.#outcomes
        : { recorder: this.#recorder, stages: this.#stages, answers: own };
  }

  /** Walks and outcomes that were made. */
  get walks(): number {
    return this.#sum((s) => s.fresh);
  }

  /** Walks and outcomes that were asked for. */
  get asked(): number {
    return this.#sum((s) => s.asked);
  }

  #sum(of: (store: Store) => number): number {
    const stores = new Set<Store>([this.#walks, this.#outcomes.answers]);
    return [...stores].reduce((sum, s) => sum + of(s), 0);
  }

  /** How often each stage was asked, and how often it had to be walked. */
  stats(): Readonly<Record<string, readonly [asked: number, fresh: number]>> {
    const of = ({ asked, fresh }: Store) => [asked, fresh] as const;
    const { paths, resolutions, ingresses, quics } = this.#outcomes.stages ?? {};
    return {
      walks: of(this.#walks),
      outcomes: of(this.#outcomes.answers),
      ...(resolutions && { resolutions: of(resolutions) }),
      ...(paths && { paths: of(paths) }),
      ...(ingresses && { ingresses: of(ingresses) }),
      ...(quics && { quics: of(quics) }),
      parts: of(this.#outcomes.recorder.parts),
    };
  }

  /** The walk of the flow in the view, kept or fresh. */
  walk(view: View, flow: Flow, key: string = flowKey(flow)): KeptWalk {
    const whole = (asking: Asking) => this.#walk(flow, asking, this.#stages?.whole(asking));
    return answer(view, this.#walks.question(key, this.#recorder.computing(whole)));
  }

  /** The question of how the flow's walk comes out (outcome.ts): all that judgements look at, equal in more states. */
  outcomeOf(flow: Flow, key: string): OutcomeQuestion {
    const { recorder, stages, answers } = this.#outcomes;
    const outcome = (asking: Asking) => walkOutcome(this.#walk(flow, asking, stages?.outcomes(asking)));
    return answers.question(key, recorder.computing(outcome));
  }

  /** The outcome in the view, kept or fresh. */
  outcome(question: OutcomeQuestion, view: View): KeptWalk {
    return answerOnce(view, question);
  }

  #walk(flow: Flow, { reader }: Asking, stages: ReturnType<StageAnswers['whole']> | undefined): Walk {
    const { staged } = this.#world;
    return staged === undefined || stages === undefined
      ? this.#world.walk(reader, flow)
      : staged.walkWith(stages, flow);
  }
}

/** Text that tells flows apart, headers included. */
export function flowKey(flow: Flow): string {
  const headers = flow.headers === undefined ? '' : JSON.stringify(flow.headers);
  return `${flowText(flow)} ${flow.source ?? ''} ${headers}`;
}
