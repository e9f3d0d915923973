/*
 * Whether a lab can run here, found out by trying: a box is opened and two joined netns with one NAT rule are made in it.
 */
import { type Box, type BoxMode, closeBox, insideBox, openBox } from './box.ts';
import { execute } from './execute.ts';
import { findTools, shellFunctions, type Tools } from './tools.ts';

export interface LabAvailable {
  readonly kind: 'available';
  readonly mode: BoxMode;
  readonly tools: Tools;
}

export interface LabUnavailable {
  readonly kind: 'unavailable';
  /** One line: what was tried and what the machine answered. */
  readonly reason: string;
  /** What a person can do about it. */
  readonly hint: string;
}

const trial = `set -e
ip -batch - <<'END'
netns add a
netns add b
link add name eth0 netns a type veth peer name eth0 netns b
link add br0 netns b type bridge
END
nsenter --net=/run/netns/a sh -e -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
nft -f - <<'END'
table ip trial {
  chain out {
    type nat hook postrouting priority srcnat;
    masquerade
  }
}
END
perl -e 'use Socket; socket(my $s, 17, SOCK_RAW, 0x0608) or die "no packet socket: $!\\n"'
`;

/** Tries root (when it is root), then a user namespace. Takes 30 ms; `only` tries one way alone. */
export async function checkLab(only?: BoxMode): Promise<LabAvailable | LabUnavailable> {
  const tools = await findTools();
  if (tools.kind === 'missing') return { kind: 'unavailable', reason: tools.message, hint: tools.command };
  const modes: readonly BoxMode[] =
    process.geteuid?.() === 0 ? ['root', 'user-namespace'] : ['user-namespace'];
  const reasons: string[] = [];
  for (const mode of only === undefined ? modes : [only]) {
    const refusal = await tryMode(mode, tools);
    if (refusal === undefined) return { kind: 'available', mode, tools };
    reasons.push(`${mode}: ${refusal.replaceAll('\n', '; ')}`);
  }
  return {
    kind: 'unavailable',
    reason: `the kernel gives no network namespaces (${reasons.join(' | ')})`,
    hint,
  };
}

const hint =
  'Run as root, or allow user namespaces: sysctl kernel.unprivileged_userns_clone=1 (Debian), ' +
  'kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), user.max_net_namespaces above 0; ' +
  'in a container: docker run --privileged.';

async function tryMode(mode: BoxMode, tools: Tools): Promise<string | undefined> {
  const box = await openBox(mode);
  if (typeof box === 'string') return box;
  try {
    return await tryBox(box, tools);
  } finally {
    await closeBox(box);
  }
}

async function tryBox(box: Box, tools: Tools): Promise<string | undefined> {
  const script = `${shellFunctions(tools)}\n${trial}`;
  const ran = await execute(insideBox(box, undefined, ['sh', '-s']), { input: script, timeoutMs: 60_000 });
  return ran.code === 0 ? undefined : ran.stderr.trim() || `the trial ended with ${ran.code}`;
}
