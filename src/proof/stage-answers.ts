/*
 * The stages of the walk, each kept by itself: names do not matter to paths, nor paths to names. What an answer hangs on
 * besides the state is in the key of its question.
 */
import type { IngressRequest, IngressResult } from '#dataplane/ingress.ts';
import type { PathInput, PathTrace } from '#dataplane/path.ts';
import type { Resolution } from '#dataplane/resolve.ts';
import type { Quic, Reached } from '#dataplane/trace.ts';
import { pathKey, type Stages } from '#dataplane/walk.ts';
import type { Fact } from '#estate/fact.ts';
import type { StagedWorld } from '#plan/world.ts';
import { KeptAnswers, type Question } from './kept.ts';
import { ingressOutcome, pathOutcomes, resolutionOutcome } from './outcome.ts';
import type { Asking, Recorder } from './recorder.ts';

export class StageAnswers {
  readonly #staged: StagedWorld;
  readonly #recorder: Recorder;
  readonly resolutions = new KeptAnswers<readonly Resolution[]>();
  readonly paths = new KeptAnswers<readonly PathTrace[]>();
  readonly ingresses = new KeptAnswers<IngressResult>();
  readonly quics = new KeptAnswers<Quic | undefined>();
  readonly #resolutionOutcomes = new KeptAnswers<readonly Resolution[]>();
  readonly #pathOutcomes = new KeptAnswers<readonly PathTrace[]>();
  readonly #ingressesAt = new KeptAnswers<Fact<'ingress'> | undefined>();
  readonly #ingressOutcomes = new KeptAnswers<IngressResult>();
  readonly #ids = new WeakMap<object, number>();
  readonly #arrivals = new Map<string, number>();
  readonly #arrivalOfPath = new WeakMap<PathTrace, number>();
  #nextId = 1;

  constructor(staged: StagedWorld, recorder: Recorder) {
    this.#staged = staged;
    this.#recorder = recorder;
  }

  /** Stages that answer from what is kept. */
  whole(asking: Asking): Stages {
    const { reader, use } = asking;
    return {
      reader,
      resolve: (vantage, name, family) => use(this.#resolution(vantage, name, family)),
      path: (input) => use(this.#path(input)),
      ingressAt: (reached) => use(this.#ingressAt(reached)),
      ingress: (path, request, at) => use(this.#ingress(path, request, at)),
      quic: (path, result) => use(this.#quic(path, result)),
    };
  }

  /** The same as far as judgements look at it. */
  outcomes(asking: Asking): Stages {
    const { reader, use } = asking;
    return {
      ...this.whole({ reader, use }),
      resolve: (vantage, name, family) => use(this.#resolutionOutcome(vantage, name, family)),
      path: (input) => use(this.#pathOutcome(input)),
      ingress: (path, request, at) => use(this.#ingressOutcome(path, request, at)),
      quic: () => undefined,
    };
  }

  #resolution(...[vantage, name, family]: Parameters<Stages['resolve']>): Question<readonly Resolution[]> {
    return this.resolutions.question(
      `${vantage} ${name} ${family}`,
      this.#recorder.computing(({ reader }) => this.#staged.resolve(reader, vantage, name, family)),
    );
  }

  #resolutionOutcome(...of: Parameters<Stages['resolve']>): Question<readonly Resolution[]> {
    return this.#resolutionOutcomes.question(
      of.join(' '),
      this.#recorder.computing(({ use }) => use(this.#resolution(...of)).map(resolutionOutcome)),
    );
  }

  #path(input: PathInput): Question<readonly PathTrace[]> {
    return this.paths.question(
      pathKey(input),
      this.#recorder.computing(({ reader }) => this.#staged.path(reader, input)),
    );
  }

  #pathOutcome(input: PathInput): Question<readonly PathTrace[]> {
    return this.#pathOutcomes.question(
      pathKey(input),
      this.#recorder.computing(({ use }) =>
        pathOutcomes(use(this.#path(input)), (reached) => use(this.#ingressAt(reached))?.key),
      ),
    );
  }

  #ingressAt(reached: Reached): Question<Fact<'ingress'> | undefined> {
    return this.#ingressesAt.question(
      `${reached.cluster ?? ''} ${reached.pod ?? ''} ${reached.ingress ?? ''}`,
      this.#recorder.computing(({ reader }) => this.#staged.ingressAt(reader, reached)),
    );
  }

  #ingress(...[path, request, at]: Parameters<Stages['ingress']>): Question<IngressResult> {
    return this.ingresses.question(
      this.#ingressKey(path, request, at),
      this.#recorder.computing(({ reader }) => this.#staged.ingress(reader, arrivalOf(path), request, at)),
    );
  }

  #ingressOutcome(...[path, request, at]: Parameters<Stages['ingress']>): Question<IngressResult> {
    return this.#ingressOutcomes.question(
      this.#ingressKey(path, request, at),
      this.#recorder.computing(({ use }) => ingressOutcome(use(this.#ingress(path, request, at)))),
    );
  }

  #ingressKey(...[path, request, at]: Parameters<Stages['ingress']>): string {
    return `${this.#arrivalId(path)} ${this.#idOf(at)} ${requestKey(request)}`;
  }

  #quic(path: PathTrace, result: IngressResult): Question<Quic | undefined> {
    return this.quics.question(
      `${pathKey(path.input)} ${this.#idOf(result.listener)}`,
      this.#recorder.computing((a) => this.#staged.quic(this.whole(a), inputOf(path), result)),
    );
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

/** What an ingress may know of a path: who comes, and to which socket. The rest is left out, so that it cannot matter. */
function arrivalOf(path: PathTrace): PathTrace {
  const { client, seenAs, proxyClient, peer, reached, input } = path;
  const { family, protocol } = input;
  const { cluster, pod, ingress, ip = input.ip, port = 0 } = reached ?? {};
  return {
    input: { vantage: '', family, protocol, ip, port },
    disposition: 'delivered',
    peer,
    ...(client && { client }),
    ...(seenAs && { seenAs }),
    ...(proxyClient && { proxyClient }),
    ...(reached && {
      reached: { ip, port, ...(cluster && { cluster }), ...(pod && { pod }), ...(ingress && { ingress }) },
    }),
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
