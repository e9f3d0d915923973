/*
 * The lab's own authority and the certificates it signs, made anew for each run; nothing ever trusts it but the lab.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { addressBytes } from './address-bytes.ts';
import {
  bitString,
  integer,
  octetString,
  oid,
  sequence,
  set,
  tagged,
  time,
  truth,
  utf8String,
} from './der.ts';

export interface Identity {
  /** PEM of the certificate. */
  readonly cert: string;
  /** PEM of its private key. */
  readonly key: string;
}

export interface Authority extends Identity {
  /** Signs a certificate for these DNS names (`*.example.org` allowed) and addresses. */
  readonly issue: (names: readonly string[], validity?: Validity) => Identity;
}

/** Days from now; from yesterday for ten days where not given. */
export interface Validity {
  readonly fromDays: number;
  readonly toDays: number;
}

const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'));
const day = 24 * 3600 * 1000;

/** A fresh authority, valid from yesterday for ten days. */
export function makeAuthority(commonName = 'Sightline lab'): Authority {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const isAuthority = extension('2.5.29.19', sequence(truth), true);
  const maySign = extension('2.5.29.15', tagged(0x03, Buffer.from([1, 0b00000110])), true);
  const build = (subject: string, key: KeyObject, extensions: readonly Buffer[], validity?: Validity) =>
    certificate({
      issuer: commonName,
      subject,
      key,
      extensions,
      signer: keys.privateKey,
      ...(validity && { validity }),
    });
  return {
    cert: build(commonName, keys.publicKey, [isAuthority, maySign]),
    key: pem(keys.privateKey),
    issue: (names, validity) => {
      const leaf = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const alternatives = extension('2.5.29.17', sequence(...names.map(generalName)));
      const forServers = extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1')));
      return {
        cert: build(names[0] ?? 'lab', leaf.publicKey, [alternatives, forServers], validity),
        key: pem(leaf.privateKey),
      };
    },
  };
}

interface Parts {
  readonly issuer: string;
  readonly subject: string;
  readonly key: KeyObject;
  readonly extensions: readonly Buffer[];
  readonly signer: KeyObject;
  readonly validity?: Validity;
}

/** RFC 5280 section 4.1. */
function certificate(parts: Parts): string {
  const now = Date.now();
  const { fromDays, toDays } = parts.validity ?? { fromDays: -1, toDays: 9 };
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    ecdsaWithSha256,
    name(parts.issuer),
    sequence(time(new Date(now + fromDays * day)), time(new Date(now + toDays * day))),
    name(parts.subject),
    parts.key.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...parts.extensions)),
  );
  const der = sequence(body, ecdsaWithSha256, bitString(sign('sha256', body, parts.signer)));
  const lines = der.toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

function name(commonName: string): Buffer {
  return sequence(set(sequence(oid('2.5.4.3'), utf8String(commonName))));
}

function extension(id: string, value: Buffer, isCritical = false): Buffer {
  return sequence(oid(id), ...(isCritical ? [truth] : []), octetString(value));
}

/** RFC 5280 section 4.2.1.6: dNSName is [2], iPAddress [7]. */
function generalName(text: string): Buffer {
  if (isIP(text) !== 0) return tagged(0x87, addressBytes(text));
  return tagged(0x82, Buffer.from(text, 'latin1'));
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
