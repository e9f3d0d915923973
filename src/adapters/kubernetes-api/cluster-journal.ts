/*
 * The journal of a run in ConfigMaps. A line counts once the API server has it, so none is ever cut; each line is written
 * on top of the version that was seen last, so that of two writers one fails. Full parts are followed by further ones.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { JournalStore } from '#apply/journal.ts';
import type { Answer, KubernetesApi, ObjectRef } from './api.ts';
import {
  configMapRef,
  insist,
  isLasting,
  labelsOf,
  type Patience,
  unwritable,
  writing,
} from './cluster-objects.ts';
import { mapOf, textOf, versionOf } from './decode.ts';

/** A part is written whole with every line, and the API server takes 1 MiB at most. */
const defaultPartBytes = 256 * 1024;
const mostBytes = 1_000_000;
const tries = 6;

export interface JournalPlace extends Patience {
  readonly api: KubernetesApi;
  readonly namespace: string;
  readonly run: string;
  readonly partBytes?: number;
  /** Called before each write; throws where this process may not write any more. */
  readonly mayWrite?: () => void;
}

interface Part {
  readonly ref: ObjectRef;
  /** undefined: not there yet. */
  readonly version?: string;
  readonly text: string;
}

export class ClusterJournal implements JournalStore {
  readonly #place: JournalPlace;
  #parts: Part[] | undefined;
  #hasWritten = false;

  constructor(place: JournalPlace) {
    this.#place = place;
  }

  async read(): Promise<string> {
    const found = await this.#load();
    const isOurs = textOfAll(found) === textOfAll(this.#parts ?? []);
    if (this.#hasWritten && !isOurs) throw unwritable('read', secondWriter);
    this.#parts = found;
    return textOfAll(found);
  }

  async append(line: string): Promise<void> {
    const bytes = Buffer.byteLength(line);
    if (bytes > mostBytes)
      throw unwritable('written', `a record of ${bytes} bytes is longer than an object may be`);
    this.#parts ??= await this.#load();
    const last = this.#parts.at(-1);
    const isFull =
      last === undefined ||
      Buffer.byteLength(last.text) + bytes > (this.#place.partBytes ?? defaultPartBytes);
    const part = isFull ? { ref: this.#refOf(this.#parts.length + 1), text: '' } : last;
    const kept = await this.#put(part, part.text + line);
    if (isFull) this.#parts.push(kept);
    else this.#parts[this.#parts.length - 1] = kept;
  }

  async drop(tail: string): Promise<void> {
    const parts = this.#parts ?? (await this.#load());
    const last = parts.at(-1);
    if (last === undefined) return;
    this.#parts = [...parts.slice(0, -1), await this.#put(last, last.text.slice(0, -tail.length))];
  }

  async #load(): Promise<Part[]> {
    const parts: Part[] = [];
    for (;;) {
      const part = await this.#get(this.#refOf(parts.length + 1));
      if (part.version === undefined) return parts;
      parts.push(part);
    }
  }

  async #get(ref: ObjectRef): Promise<Part> {
    const answer = await insist(() => this.#place.api.get(ref), this.#place);
    if (answer.kind === 'object')
      return { ref, version: versionOf(answer.object), text: textOf(mapOf(answer.object.data).journal) };
    if (answer.status === 404) return { ref, text: '' };
    throw unwritable('read', answer.says);
  }

  /** Whatever became of the request, what is there afterwards decides. */
  async #put(before: Part, text: string): Promise<Part> {
    for (let attempt = 1, ms = this.#place.pauseMs; ; attempt += 1, ms *= 2) {
      this.#place.mayWrite?.();
      const answer = await this.#write(before, text);
      this.#hasWritten = true;
      if (answer.kind === 'object') return { ref: before.ref, version: versionOf(answer.object), text };
      const now = await this.#get(before.ref);
      if (now.version !== undefined && now.text === text) return now;
      if (now.version !== before.version) throw unwritable('written', secondWriter);
      if (isLasting(answer.status) || attempt >= tries) throw unwritable('written', answer.says);
      await sleep(answer.retryAfterMs ?? ms);
    }
  }

  #write({ ref, version }: Part, journal: string): Promise<Answer> {
    const { api, run, namespace } = this.#place;
    if (version !== undefined) {
      const operations = [
        { op: 'replace', path: '/metadata/resourceVersion', value: version },
        { op: 'replace', path: '/data/journal', value: journal },
      ] as const;
      return api.patch(ref, operations, writing);
    }
    const metadata = { name: ref.name, namespace, labels: labelsOf(run, 'journal') };
    return api.create(ref, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { journal } }, writing);
  }

  #refOf(n: number): ObjectRef {
    return configMapRef(this.#place.namespace, `sightline-${this.#place.run}-journal-${n}`);
  }
}

const secondWriter = 'somebody else wrote to it: is a second run going on?';

function textOfAll(parts: readonly Part[]): string {
  return parts.map((p) => p.text).join('');
}
