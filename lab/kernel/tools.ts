/*
 * The programs that build a lab, `ip`, `nft` and, where a node's kube-proxy writes them, iptables: the machine's own or
 * from the project's cache of Debian packages. Everything else (sh, unshare, nsenter, setpriv, perl) is in every Debian.
 */
import { type MissingProgram, type Program, program } from '../programs.ts';

export interface Tools {
  readonly kind: 'tools';
  readonly ip: Program;
  readonly nft: Program;
  /** Only where they were asked for. */
  readonly restore?: readonly Program[];
}

/** The lab's programs, or the first that is not to be had. */
export async function findTools(): Promise<Tools | MissingProgram> {
  const [ip, nft] = await Promise.all([program('ip'), program('nft')]);
  if (ip.kind === 'missing') return ip;
  if (nft.kind === 'missing') return nft;
  return { kind: 'tools', ip, nft };
}

/** The same with what loads iptables rules. */
export async function withIptables(tools: Tools): Promise<Tools | MissingProgram> {
  const [v4, v6] = await Promise.all([program('iptables-restore'), program('ip6tables-restore')]);
  if (v4.kind === 'missing') return v4;
  if (v6.kind === 'missing') return v6;
  return { ...tools, restore: [v4, v6] };
}

/** Shell functions by the programs' names that run the found ones with what they need around them. */
export function shellFunctions(tools: Tools): string {
  return [tools.ip, tools.nft, ...(tools.restore ?? [])].map(shellFunction).join('\n');
}

function shellFunction(tool: Program): string {
  const names = tool.from === 'cache' ? ['LD_LIBRARY_PATH', 'XTABLES_LIBDIR'] : [];
  const settings = names.flatMap((name) => {
    const value = tool.env[name];
    return value === undefined ? [] : [`${name}=${quote(value)} `];
  });
  return `${functionName(tool)}() { ${settings.join('')}${quote(tool.path)} "$@"; }`;
}

/** A POSIX shell allows no dash in a function's name; the scripts call it by this one. */
export function functionName({ name }: Pick<Program, 'name'>): string {
  return name.replaceAll('-', '_');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
