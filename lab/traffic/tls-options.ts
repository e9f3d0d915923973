/*
 * How the lab's clients open TLS: to an address, with a name of its own, checking against the lab's authority.
 */
import { isIP } from 'node:net';
import { type ConnectionOptions, createSecureContext, type SecureContext } from 'node:tls';
import type { AttemptTarget } from './attempt.ts';

export function tlsOptions(target: AttemptTarget, alpn: string): ConnectionOptions {
  const name = target.serverName ?? target.address;
  return {
    host: target.address,
    port: target.port,
    ALPNProtocols: [alpn],
    // The hybrid with ML-KEM that OpenSSL offers first costs both ends half a handshake more and tells nothing here.
    ecdhCurve: 'X25519',
    rejectUnauthorized: target.ca !== undefined,
    ...(target.ca !== undefined && { secureContext: contextOf(target.ca) }),
    ...(isIP(name) === 0 && { servername: name }),
    ...(target.localAddress !== undefined && { localAddress: target.localAddress }),
    ...(target.localPort !== undefined && { localPort: target.localPort }),
  };
}

/** Made once per authority: parsing it for each connection would cost more than the handshake. */
function contextOf(ca: string): SecureContext {
  const known = contexts.get(ca);
  if (known) return known;
  const context = createSecureContext({ ca });
  contexts.set(ca, context);
  return context;
}

const contexts = new Map<string, SecureContext>();
