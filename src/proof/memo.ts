/*
 * Kept walks. What a state does not touch of a flow's read set is never walked again, also after the plan was edited.
 * Where the world walks in stages, each stage is kept by itself: names do not matter to paths, nor paths to names.
 */
import { type Flow, flowText } from '#dataplane/flow.ts';
import type { IngressRequest, IngressResult } from '#dataplane/ingress.ts';
import type { PathTrace } from '#dataplane/path.ts';
import type { Resolution } from '#dataplane/resolve.ts';
import type { Quic, Walk } from '#dataplane/trace.ts';
import { pathKey, type Stages } from '#dataplane/walk.ts';
import { type Reader, type ReadKey, recordingReader } from '#estate/estate.ts';
import type { StagedWorld, World } from '#plan/world.ts';
import { type Kept, KeptAnswers, type Question } from './kept.ts';
import { ReadSet } from './read-set.ts';
import type { View } from './view.ts';

/** A walk with everything that it depends on. */
export type KeptWalk = Kept<Walk>;

/** A flow with what is kept of its walks. */
export interface WalkQuestion {
  readonly flow: Flow;
  readonly question: Question<Walk>;
}

export class Memo {
  readonly #world: Pick<World, 'walk' | 'staged'>;
  readonly #walks = new KeptAnswers<Walk>();
  readonly #resolutions = new KeptAnswers<readonly Resolution[]>();
  readonly #paths = new KeptAnswers<readonly PathTrace[]>();
  readonly #ingresses = new KeptAnswers<IngressResult>();
  readonly #quics = new KeptAnswers<Quic | undefined>();
  /** Parts of stages that the data plane names itself. */
  readonly #parts = new KeptAnswers<unknown>();
  readonly #ids = new WeakMap<object, number>();
  readonly #arrivals = new Map<string, number>();
  readonly #arrivalOfPath = new WeakMap<PathTrace, number>();
  #nextId = 1;

  constructor(world: Pick<World, 'walk' | 'staged'>) {
    this.#world = world;
  }

  /** Walks that were made, and walks that were asked for. */
  get walks(): number {
    return this.#walks.fresh;
  }

  get asked(): number {
    return this.#walks.asked;
  }

  /** How often each stage was asked, and how often it had to be walked. */
  stats(): Readonly<Record<string, readonly [asked: number, fresh: number]>> {
    const of = (k: KeptAnswers<unknown>) => [k.asked, k.fresh] as const;
    return {
      walks: of(this.#walks),
      resolutions: of(this.#resolutions),
      paths: of(this.#paths),
      ingresses: of(this.#ingresses),
      quics: of(this.#quics),
      parts: of(this.#parts),
    };
  }

  /** The walk of the flow in the view, kept or fresh. */
  walk(view: View, flow: Flow, key: string = flowKey(flow)): KeptWalk {
    return this.ask(this.questionOf(flow, key), view);
  }

  /** The question of the flow's walk, for who asks it in many views. */
  questionOf(flow: Flow, key: string): WalkQuestion {
    return { flow, question: this.#walks.question(key) };
  }

  /** The walk of the question in the view, kept or fresh. */
  ask({ flow, question }: WalkQuestion, view: View): KeptWalk {
    const known = this.#walks.known(view, question);
    if (known !== undefined) return known;
    return this.#walks.compute(view, question, (v) =>
      this.#record(v, (reader, note) => this.#fresh(v, flow, reader, note)),
    );
  }

  #fresh(view: View, flow: Flow, reader: Reader, note: Note): Walk {
    const { staged } = this.#world;
    if (staged === undefined) return this.#world.walk(reader, flow);
    return staged.walkWith(this.#stages(staged, view, reader, note), flow);
  }

  /** Stages that answer from what is kept, and add what a kept answer had read to what is being read now. */
  #stages(staged: StagedWorld, view: View, reader: Reader, note: Note): Stages {
    const use = <T>(kept: Kept<T>): T => {
      note(kept.reads);
      return kept.value;
    };
    return {
      reader,
      resolve: (vantage, name, family) =>
        use(
          this.#resolutions.answer(view, `${vantage} ${name} ${family}`, (v) =>
            this.#record(v, (r) => staged.resolve(r, vantage, name, family)),
          ),
        ),
      path: (input) =>
        use(this.#paths.answer(view, pathKey(input), (v) => this.#record(v, (r) => staged.path(r, input)))),
      ingress: (path, request) =>
        use(
          this.#ingresses.answer(view, `${this.#arrivalId(path)} ${requestKey(request)}`, (v) =>
            this.#record(v, (r) => staged.ingress(r, arrivalOf(path), request)),
          ),
        ),
      quic: (path, result) =>
        use(
          this.#quics.answer(view, `${pathKey(path.input)} ${this.#idOf(result.listener)}`, (v) =>
            this.#record(v, (r, n) => staged.quic(this.#stages(staged, v, r, n), inputOf(path), result)),
          ),
        ),
    };
  }

  #record<T>(view: View, compute: (reader: Reader, note: Note) => T): Kept<T> {
    const own = new Set<ReadKey>();
    const parts = new Set<ReadSet>();
    const note: Note = (reads) => {
      parts.add(reads);
    };
    const keep = <P>(key: string, part: (reader: Reader) => P): P => {
      const kept = this.#parts.answer(view, key, (v) => this.#record(v, part)) as Kept<P>;
      note(kept.reads);
      return kept.value;
    };
    const reader = recordingReader(view.reader, (key) => own.add(key), keep);
    const value = compute(reader, note);
    return { value, reads: new ReadSet(own, [...parts]) };
  }

  /** Number of what the ingress sees of a path: equal for paths that differ in their hops only. */
  #arrivalId(path: PathTrace): number {
    const known = this.#arrivalOfPath.get(path);
    if (known !== undefined) return known;
    const text = JSON.stringify(arrivalOf(path));
    const id = this.#arrivals.get(text) ?? this.#arrivals.size + 1;
    this.#arrivals.set(text, id);
    this.#arrivalOfPath.set(path, id);
    return id;
  }

  #idOf(value: object | undefined): number {
    if (value === undefined) return 0;
    const known = this.#ids.get(value);
    if (known !== undefined) return known;
    this.#ids.set(value, this.#nextId);
    return this.#nextId++;
  }
}

/** Takes what a kept answer had read into what is being read. */
type Note = (reads: ReadSet) => void;

/** Text that tells flows apart, headers included. */
export function flowKey(flow: Flow): string {
  const headers = flow.headers === undefined ? '' : JSON.stringify(flow.headers);
  return `${flowText(flow)} ${flow.source ?? ''} ${headers}`;
}

/** What an ingress may know of a path: who comes, and to which socket. The rest is left out, so that it cannot matter. */
function arrivalOf(path: PathTrace): PathTrace {
  const { client, seenAs, proxyClient, peer, reached, input } = path;
  const { family, protocol } = input;
  const { cluster, pod, ip = input.ip, port = 0 } = reached ?? {};
  return {
    input: { vantage: '', family, protocol, ip, port },
    disposition: 'delivered',
    peer,
    ...(client && { client }),
    ...(seenAs && { seenAs }),
    ...(proxyClient && { proxyClient }),
    ...(reached && { reached: { ip, port, ...(cluster && { cluster }), ...(pod && { pod }) } }),
    hops: [],
    gaps: [],
  };
}

/** What the question of HTTP/3 may know of a path: where it was started to. */
function inputOf(path: PathTrace): PathTrace {
  const { input, peer } = path;
  return { input, peer, hops: [], gaps: [], disposition: 'delivered' };
}

function requestKey(request: IngressRequest): string {
  const { host, path, protocol, headers, forged, client, peer } = request;
  const isPlain = client === undefined && peer === undefined && headers === forged && isEmpty(headers);
  return isPlain ? `${protocol} ${host ?? ''} ${path}` : JSON.stringify(request);
}

function isEmpty(headers: IngressRequest['headers']): boolean {
  for (const _ in headers) return false;
  return true;
}
