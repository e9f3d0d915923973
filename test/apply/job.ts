/*
 * A run as docs/in-cluster/job.yaml starts it: the files of docs/in-cluster/Containerfile as a real process, with the
 * manifest's arguments, against the Kubernetes stand-in over TLS and with the rights that are shipped and nothing more.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadAll } from 'js-yaml';
import { loadSnapshot } from '#app/load-snapshot.ts';
import { planText } from '#app/plan-file.ts';
import {
  type KubernetesStandIn,
  type PolicyRule,
  rulesIn,
  startKubernetes,
} from '#lab/stand-ins/kubernetes.ts';
import { snapshotObjects } from '#lab/stand-ins/snapshot-objects.ts';
import type { PlannedChange } from '#plan/change.ts';
import { service as serviceFact } from '#test/estates.ts';
import { apiChange, twoStages, waitOf } from '#test/planned.ts';
import { officeFolder } from './office.ts';

const root = join(import.meta.dirname, '../..');
export const documents = (file: string): readonly unknown[] =>
  loadAll(readFileSync(join(root, 'docs', file), 'utf8'));

export interface JobWorld {
  readonly kube: KubernetesStandIn;
  /** Rules of the Job's account. */
  readonly rules: readonly PolicyRule[];
  /** Starts a pod: the Job's process in a folder of its own. */
  pod(options?: PodOptions): Pod;
  /** Journal as the cluster holds it. */
  journal(): string;
  /** Services that the plan makes and that are there. */
  made(): readonly string[];
  stop(): Promise<void>;
}

export interface PodOptions {
  /** Instead of the manifest's. */
  readonly args?: readonly string[];
  /** In the folder of this earlier pod, counted from 0; else in one of its own. */
  readonly inFolderOf?: number;
  /** With a terminal, whose keys are written to the child's standard input (script of util-linux). */
  readonly hasTerminal?: boolean;
}

export interface Pod {
  readonly child: ChildProcess;
  readonly program: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  /** Types on the terminal; `\u0003` is Ctrl-C. */
  type(keys: string): void;
  output(): string;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Resolves when the output holds the text. */
  says(text: string, ms?: number): Promise<void>;
}

export const madeServices = ['extra-1', 'extra-2', 'extra-3'] as const;

/** Fills a folder as the init container does, with a plan whose wait takes so long, and whose ids are so long at least. */
export async function startJobWorld(waitSeconds: number, idLength = 0): Promise<JobWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'sightline-job-'));
  const token = 'FAKE-job-token';
  const rules = rulesIn([...readWriteIn('ingress-nginx'), ...documents('rbac/in-cluster.yaml')]);
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'sightline' } };
  const kube = await startKubernetes({
    objects: [...snapshotObjects(officeFolder, 'office'), namespace],
    users: [{ name: 'system:serviceaccount:sightline:sightline-write', token, rules }],
  });
  writeFileSync(join(folder, 'token'), token);
  writeFileSync(join(folder, 'ca.crt'), kube.ca ?? '');
  writeFileSync(join(folder, 'config'), kubeconfig(kube.url, folder));
  await packEstate(folder, waitSeconds, idLength);
  symlinkSync(imageFolder(), join(folder, 'image'));
  const pods: ChildProcess[] = [];
  return {
    kube,
    rules,
    pod: ({ args = jobArgs(), inFolderOf, hasTerminal = false } = {}) => {
      const work = join(folder, `work-${inFolderOf ?? pods.length}`);
      if (inFolderOf === undefined) unpackEstate(folder, work);
      const pod = startPod(folder, work, args, hasTerminal);
      pods.push(pod.child);
      return pod;
    },
    journal: () =>
      kube
        .objects('ConfigMap')
        .map((o) => (o.data as Record<string, string> | undefined)?.journal ?? '')
        .join(''),
    made: () =>
      madeServices.filter(
        (name) => kube.get({ kind: 'Service', namespace: 'ingress-nginx', name }) !== undefined,
      ),
    stop: async () => {
      for (const pod of pods) pod.kill('SIGKILL');
      await kube.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** read-write.yaml as its first lines say: copied into the namespace that the plan changes. */
export function readWriteIn(namespace: string): readonly unknown[] {
  return documents('rbac/read-write.yaml').map((o) =>
    JSON.parse(JSON.stringify(o).replaceAll('"namespace":"traefik"', `"namespace":"${namespace}"`)),
  );
}

interface Manifest {
  readonly kind: string;
  readonly data?: { readonly config: string };
  readonly spec?: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly { readonly args: readonly string[] }[];
        readonly initContainers: readonly { readonly command: readonly string[] }[];
      };
    };
  };
}
const manifests = documents('in-cluster/job.yaml') as readonly Manifest[];
const podSpec = manifests.find((m) => m.kind === 'Job')?.spec?.template.spec;

/** The manifest's arguments but for the vantage point: nothing here may send packets to the estate's addresses. */
export function jobArgs(): readonly string[] {
  const args = podSpec?.containers[0]?.args ?? [];
  const at = args.indexOf('--from');
  return args.filter((_, i) => i !== at && i !== at + 1);
}

/** The manifest's own kubeconfig, with the places of a pod turned into places here. */
function kubeconfig(url: string, folder: string): string {
  const config = manifests.find((m) => m.kind === 'ConfigMap')?.data?.config ?? '';
  return config
    .replace('https://kubernetes.default.svc', url)
    .replaceAll('/var/run/secrets/kubernetes.io/serviceaccount', folder);
}

async function packEstate(folder: string, waitSeconds: number, idLength: number): Promise<void> {
  const estate = join(folder, 'estate');
  cpSync(officeFolder, join(estate, 'snapshot'), { recursive: true });
  const settings = join(estate, 'snapshot/sightline.yaml');
  const access = 'systems:\n  - { id: cluster/office, credential: "kubeconfig:home" }\n';
  writeFileSync(settings, readFileSync(settings, 'utf8') + access);
  writeFileSync(join(estate, 'plan.json'), await plan(join(estate, 'snapshot'), waitSeconds, idLength));
  spawnSync('tar', ['-czf', join(folder, 'estate.tgz'), '-C', estate, '.']);
}

async function plan(snapshotFolder: string, waitSeconds: number, idLength: number): Promise<string> {
  const read = await loadSnapshot(snapshotFolder);
  const [one, two, three] = madeServices.map((name) => service(name, idLength));
  if (one === undefined || two === undefined || three === undefined) throw new Error('no services');
  const wait = { ...waitOf('wait', waitSeconds, 'time has passed', 'cluster/office'), title: 'Wait' };
  return planText(
    twoStages(read, {
      path: 'snapshot',
      first: [one, wait, two],
      firstGate: { kind: 'confirm', asks: 'Good?' },
      second: [three],
    }),
  );
}

/** `idLength`: a long id makes long records. */
function service(name: string, idLength: number): PlannedChange {
  const ports = [{ port: 80, protocol: 'tcp', targetPort: 80 }] as const;
  const { value: after } = serviceFact(`ingress-nginx/${name}`, { cluster: 'office', ports });
  const settings = [{ of: 'service', id: `office/ingress-nginx/${name}`, before: null, after }];
  const title = `Add Service ${name}`;
  return apiChange(name.padEnd(idLength, '-long'), 'cluster/office', settings, { title });
}

let image: string | undefined;

/** One image for all worlds of a test file, as nodes keep it; whoever starts worlds removes it at the end. */
function imageFolder(): string {
  image ??= copyImage(mkdtempSync(join(tmpdir(), 'sightline-image-')));
  return image;
}

/** For `afterAll`. */
export function removeImage(): void {
  if (image !== undefined) rmSync(image, { recursive: true, force: true });
  image = undefined;
}

/** What the image holds: the COPY lines, and packages as `npm ci` leaves them. */
function copyImage(image: string): string {
  const lines = readFileSync(join(root, 'docs/in-cluster/Containerfile'), 'utf8').split('\n');
  for (const line of lines.filter((l) => l.startsWith('COPY '))) {
    const [, ...paths] = line.split(' ');
    const to = paths.pop() ?? '';
    for (const path of paths) {
      const target = join(image, to.endsWith('/') ? join(to, path) : to);
      mkdirSync(dirname(target), { recursive: true });
      cpSync(join(root, path), target, { recursive: true });
    }
  }
  symlinkSync(join(root, 'node_modules'), join(image, 'node_modules'));
  return image;
}

function unpackEstate(folder: string, work: string): void {
  mkdirSync(work);
  const [tar = '', ...unpack] = (podSpec?.initContainers[0]?.command ?? []).map((a) =>
    a === '/work' ? work : a.replace('/estate/', `${folder}/`),
  );
  const unpacked = spawnSync(tar, unpack, { encoding: 'utf8' });
  if (unpacked.status !== 0) throw new Error(`unpacking: ${unpacked.stderr}`);
}

function startPod(folder: string, work: string, args: readonly string[], hasTerminal: boolean): Pod {
  const env = {
    PATH: process.env.PATH,
    HOME: work,
    KUBECONFIG: join(folder, 'config'),
    TERM: 'xterm',
    NO_COLOR: '1',
  };
  const program = join(folder, 'image/sightline');
  const [command, argv] = hasTerminal
    ? ['script', ['-qefc', `exec ${[program, ...args].join(' ')}`, '/dev/null']]
    : [program, args];
  const child = spawn(command, [...argv], { cwd: work, env, stdio: ['pipe', 'pipe', 'pipe'] });
  if (!hasTerminal) child.stdin.end();
  let output = '';
  const heard = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
      for (const hear of heard) hear();
    });
  const ended = new Promise<number | string>((done) =>
    child.once('close', (code, signal) => done(code ?? signal ?? '')),
  );
  return {
    child,
    program,
    env,
    folder: work,
    type: (keys) => void child.stdin?.write(keys),
    ended,
    output: () => output,
    says: (text, ms = 30_000) =>
      new Promise((done, fail) => {
        const missed = (when: string) => fail(new Error(`not said ${when}: ${text}\n${output}`));
        const timer = setTimeout(() => missed(`in ${ms} ms`), ms);
        void ended.then(() => missed('before the end'));
        const hear = () => {
          if (!output.includes(text)) return;
          clearTimeout(timer);
          heard.delete(hear);
          done();
        };
        heard.add(hear);
        hear();
      }),
  };
}
