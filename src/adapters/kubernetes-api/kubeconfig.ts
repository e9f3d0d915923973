/*
 * How to reach a cluster: a kubeconfig's context (token, token file, client certificate, exec plug-in of
 * client.authentication.k8s.io/v1), or an address with a token by reference. What it cannot do is in limits.ts.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import { messageOf, SightlineError } from '#estate/error.ts';
import { Secret } from '#estate/secret.ts';
import { decodeJson, type Json, mapOf, mapsOf, textOf } from './decode.ts';

export interface Access {
  readonly url: string;
  readonly ca?: string;
  readonly token?: Secret;
  readonly cert?: string;
  readonly key?: Secret;
}

/** What a kubelet or a plug-in may have renewed is read again after so long. */
const freshMs = 60_000;

/** The access of a context, read again each minute: the token of a pod is a new one every hour. */
export function kubeconfigAccess(
  context: string,
  now: () => number = () => performance.now(),
): () => Promise<Access> {
  let known: { readonly access: Promise<Access>; readonly at: number } | undefined;
  return () => {
    if (known === undefined || now() - known.at >= freshMs) {
      const access = accessFromKubeconfig(context);
      known = { access, at: now() };
      access.catch(() => {
        known = undefined;
      });
    }
    return known.access;
  };
}

/** The access of a context, from the files of KUBECONFIG or ~/.kube/config. Throws SightlineError `no-credential`. */
export async function accessFromKubeconfig(
  context: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Access> {
  const paths = (env.KUBECONFIG ?? join(homedir(), '.kube/config')).split(delimiter).filter((p) => p !== '');
  const files: { path: string; config: Json }[] = [];
  for (const path of paths) {
    const config = await readConfig(path);
    if (config !== undefined) files.push({ path, config });
  }
  const find = (list: string, name: string) => {
    for (const { path, config } of files) {
      const entry = mapsOf(config[list]).find((e) => e.name === name);
      if (entry !== undefined) return { path, value: mapOf(entry[list.slice(0, -1)]) };
    }
    throw wrong(`${list.slice(0, -1)} ${JSON.stringify(name)} is in none of ${paths.join(', ')}`);
  };
  const chosen = find('contexts', context).value;
  const cluster = find('clusters', textOf(chosen.cluster));
  const user = find('users', textOf(chosen.user));
  return { ...(await clusterOf(cluster.value, cluster.path)), ...(await userOf(user.value, user.path)) };
}

async function readConfig(path: string): Promise<Json | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw wrong(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
  try {
    return mapOf(parse(text, { logLevel: 'silent' }));
  } catch {
    // the parser's words may hold a piece of the file
    throw wrong(`${path} is no YAML`);
  }
}

async function clusterOf(cluster: Json, path: string): Promise<Pick<Access, 'url' | 'ca'>> {
  if (cluster['insecure-skip-tls-verify'] === true)
    throw wrong('the cluster is marked insecure-skip-tls-verify: name its authority instead');
  const ca = await dataOrFile(cluster, 'certificate-authority', path);
  return { url: textOf(cluster.server), ...(ca !== undefined && { ca }) };
}

async function userOf(user: Json, path: string): Promise<Partial<Access>> {
  if (user.exec !== undefined) return fromPlugin(mapOf(user.exec));
  const cert = await dataOrFile(user, 'client-certificate', path);
  const key = await dataOrFile(user, 'client-key', path);
  const file = textOf(user.tokenFile);
  const token = textOf(user.token) || (file === '' ? '' : (await readFile(near(file, path), 'utf8')).trim());
  if (token === '' && cert === undefined)
    throw wrong('the user has neither a token, nor a client certificate, nor an exec plug-in');
  return {
    ...(token !== '' && { token: new Secret(token) }),
    ...(cert !== undefined && key !== undefined && { cert, key: new Secret(key) }),
  };
}

async function dataOrFile(from: Json, field: string, path: string): Promise<string | undefined> {
  const data = textOf(from[`${field}-data`]);
  if (data !== '') return Buffer.from(data, 'base64').toString('utf8');
  const file = textOf(from[field]);
  if (file === '') return undefined;
  try {
    return await readFile(near(file, path), 'utf8');
  } catch (error) {
    throw wrong(`${field} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** Paths in a kubeconfig are relative to it. */
function near(file: string, config: string): string {
  return isAbsolute(file) ? file : join(dirname(config), file);
}

/** Runs the plug-in without a terminal; its output is a credential and is never shown. */
async function fromPlugin(exec: Json): Promise<Partial<Access>> {
  const own = mapsOf(exec.env).map((e): [string, string] => [textOf(e.name), textOf(e.value)]);
  const request = {
    apiVersion: textOf(exec.apiVersion),
    kind: 'ExecCredential',
    spec: { interactive: false },
  };
  const env = { ...process.env, ...Object.fromEntries(own), KUBERNETES_EXEC_INFO: JSON.stringify(request) };
  const args = Array.isArray(exec.args) ? exec.args.map(String) : [];
  const output = await new Promise<string>((done, fail) => {
    execFile(
      textOf(exec.command),
      args,
      { env, timeout: 30_000, maxBuffer: 1024 * 1024 },
      (error, stdout) => {
        if (error === null) done(stdout);
        else fail(wrong(`the exec plug-in ${textOf(exec.command)} ended with ${error.code ?? 'an error'}`));
      },
    );
  });
  const status = mapOf(decodeJson(output)?.status);
  const [token, cert, key] = [
    textOf(status.token),
    textOf(status.clientCertificateData),
    textOf(status.clientKeyData),
  ];
  if (token === '' && cert === '') throw wrong(`the exec plug-in ${textOf(exec.command)} gave no credential`);
  return {
    ...(token !== '' && { token: new Secret(token) }),
    ...(cert !== '' && key !== '' && { cert, key: new Secret(key) }),
  };
}

function wrong(what: string): SightlineError {
  return new SightlineError('no-credential', `no access to the cluster: ${messageOf(what)}`, {
    hint: 'mend the kubeconfig, or name env:, file: or cmd: with a token in sightline.yaml (systems[].credential)',
  });
}
