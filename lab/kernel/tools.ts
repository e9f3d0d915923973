/*
 * The two programs that build a lab, `ip` and `nft`: the machine's own or from the project's cache of Debian packages.
 * Everything else (sh, unshare, nsenter, setpriv, perl) is in every Debian.
 */
import { type MissingProgram, type Program, program } from '../programs.ts';

export interface Tools {
  readonly kind: 'tools';
  readonly ip: Program;
  readonly nft: Program;
}

/** The lab's programs, or the first that is not to be had. */
export async function findTools(): Promise<Tools | MissingProgram> {
  const [ip, nft] = await Promise.all([program('ip'), program('nft')]);
  if (ip.kind === 'missing') return ip;
  if (nft.kind === 'missing') return nft;
  return { kind: 'tools', ip, nft };
}

/** Shell functions `ip` and `nft` that run the found programs with the libraries they need. */
export function shellFunctions(tools: Tools): string {
  return [tools.ip, tools.nft].map(shellFunction).join('\n');
}

function shellFunction(tool: Program): string {
  const libraries = tool.from === 'cache' ? `LD_LIBRARY_PATH=${quote(tool.env.LD_LIBRARY_PATH ?? '')} ` : '';
  return `${tool.name}() { ${libraries}${quote(tool.path)} "$@"; }`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
