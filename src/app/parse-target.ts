/* `HOST[:PORT][/udp]` as people type it after --to. */
import { SightlineError } from '#estate/error.ts';
import { type Ip, parseIp } from '#net/ip.ts';
import { type DnsName, parseName } from '#net/name.ts';
import { isPort, type Protocol } from '#net/port.ts';

export interface Target {
  readonly to: { readonly name: DnsName } | { readonly ip: Ip };
  readonly port: number;
  readonly protocol: Protocol;
}

/** Reads names, IPv4, `[IPv6]:port` and bare IPv6; the port defaults to 443. Throws SightlineError `wrong-use`. */
export function parseTarget(text: string): Target {
  const match =
    /^(?:\[([^\]]+)\]|([^/:]+)|([0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*))(?::(\d+))?(?:\/(tcp|udp))?$/.exec(
      text,
    );
  const host = match?.[1] ?? match?.[2] ?? match?.[3];
  const port = Number(match?.[4] ?? 443);
  const ip = host === undefined ? undefined : parseIp(host);
  const name = host === undefined || ip !== undefined ? undefined : parseName(host);
  const to = ip !== undefined ? { ip } : name !== undefined && name !== '' ? { name } : undefined;
  if (to === undefined || !isPort(port)) {
    throw new SightlineError('wrong-use', `--to ${JSON.stringify(text)} is no host, port and protocol`, {
      hint: 'write immich.example.org, immich.example.org:443/udp, 10.0.20.200:5432 or [2001:db8::1]:443',
    });
  }
  return { to, port, protocol: (match?.[5] ?? 'tcp') as Protocol };
}
