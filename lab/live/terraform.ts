/*
 * The owner's own apply in the lab: what terragrunt would do with a stack, as far as the lab can say. It holds the files as
 * they were applied last, renders both sides, and writes the difference to the cluster as Terraform's providers do. What it
 * cannot render it refuses, as a provider that does not know an argument does.
 */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseHcl } from '#adapters/repository/hcl.ts';
import type { Leaf } from '#adapters/repository/leaf.ts';
import { messageOf, SightlineError } from '#estate/error.ts';
import { mergePatch } from '../stand-ins/kubernetes/merge-patch.ts';
import type { Json, KubernetesStandIn, Named } from '../stand-ins/kubernetes.ts';
import { differenceOf, type Rendered, render } from './render.ts';

/** What the program printed, and its exit code. */
export interface ProgramEnd {
  readonly code: number;
  readonly output: string;
}

export class LabTerraform {
  readonly #root: string;
  readonly #files: readonly string[];
  readonly #kube: KubernetesStandIn;
  /** File below the root → text that was applied last. */
  readonly #applied = new Map<string, string>();

  /** `files`: the .tf files below the root, as they are applied at the start. */
  constructor(root: string, files: readonly string[], kube: KubernetesStandIn) {
    this.#root = root;
    this.#files = files;
    this.#kube = kube;
    for (const file of files) this.#applied.set(file, this.#textOf(file));
  }

  /** `terragrunt plan` or `apply` in a stack's folder. Never rejects. */
  async run(folder: string, argv: readonly string[]): Promise<ProgramEnd> {
    const stack = relative(this.#root, folder);
    const own = this.#files.filter((f) => f.startsWith(`${stack}/`));
    if (own.length === 0) return { code: 1, output: `Error: no configuration files in ${stack}` };
    try {
      return await this.#command(own, argv);
    } catch (error) {
      return { code: 1, output: `Error: ${messageOf(error)}` };
    }
  }

  async #command(files: readonly string[], argv: readonly string[]): Promise<ProgramEnd> {
    const before = await this.#rendered(files, (f) => this.#applied.get(f) ?? '');
    const after = await this.#rendered(files, (f) => this.#textOf(f));
    const changes = [...new Set([...before.keys(), ...after.keys()])].filter(
      (address) => differenceOf(before.get(address)?.object, after.get(address)?.object) !== undefined,
    );
    const list = changes.map((address) => `  ~ ${address}`).join('\n');
    if (argv[0] === 'plan')
      return changes.length === 0
        ? { code: 0, output: 'No changes. Your infrastructure matches the configuration.' }
        : {
            code: argv.includes('-detailed-exitcode') ? 2 : 0,
            output: `Plan: ${changes.length} to change.\n${list}`,
          };
    if (argv[0] !== 'apply') return { code: 1, output: `Error: unknown command ${argv[0] ?? ''}` };
    if (!argv.includes('-auto-approve')) return { code: 1, output: 'Error: nobody is there to approve' };
    const unknown = changes.find((a) => (after.get(a) ?? before.get(a))?.named.kind === 'unknown');
    if (unknown !== undefined) return { code: 1, output: `${list}\nError: the lab cannot apply ${unknown}` };
    for (const address of changes) this.#write(before.get(address), after.get(address));
    for (const file of files) this.#applied.set(file, this.#textOf(file));
    return { code: 0, output: `${list}\nApply complete! Resources: ${changes.length} changed.` };
  }

  async #rendered(
    files: readonly string[],
    textOf: (file: string) => string,
  ): Promise<ReadonlyMap<string, Rendered>> {
    const leaves: Leaf[] = [];
    for (const file of files) {
      const parsed = await parseHcl(textOf(file));
      if (parsed.problem !== undefined)
        throw new SightlineError('lab-terraform', `${file}: ${parsed.problem.what}`);
      leaves.push(...parsed.leaves);
    }
    return render(leaves, (named) => this.#kube.get(named));
  }

  /** A three-way merge: only what the configuration changed is written. */
  #write(before: Rendered | undefined, after: Rendered | undefined): void {
    const rendered = after ?? before;
    if (rendered === undefined) return;
    const { named, manager } = rendered;
    const difference = differenceOf(before?.object, after?.object);
    this.#kube.write(named, (live) => written(live, named, after?.object, difference), { manager });
  }

  #textOf(file: string): string {
    return readFileSync(join(this.#root, file), 'utf8');
  }
}

function written(
  live: Json | undefined,
  named: Named,
  wanted: Json | undefined,
  difference: unknown,
): Json | null {
  if (wanted === undefined) return null;
  if (live === undefined) return wanted;
  if (named.kind === 'Deployment') return withArguments(live, wanted);
  return mergePatch(live, difference) as Json;
}

/** The one part of a Deployment that is rendered: arguments that a value sets, each in its place. */
function withArguments(live: Json, wanted: Json): Json {
  const flags = wanted.flags as Readonly<Record<string, string>>;
  const text = JSON.stringify(live, (key, value: unknown) => {
    if (key !== 'args' || !Array.isArray(value)) return value;
    return value.map((arg: unknown) => {
      const name = typeof arg === 'string' ? (arg.split('=')[0] ?? '') : '';
      return name in flags ? `${name}=${flags[name]}` : arg;
    });
  });
  return JSON.parse(text) as Json;
}
