/* Lines of conntrack 1.4.7. */
import { expect, test } from 'vitest';
import { readFlow } from './conntrack.ts';

const udp =
  'udp      17 29 src=198.51.100.7 dst=10.0.20.200 sport=40000 dport=443 ' +
  'src=10.244.2.11 dst=10.0.20.103 sport=8443 dport=51000 mark=0 use=1';

test('a translated flow has both its tuples', () => {
  expect(readFlow(udp)).toEqual({
    protocol: 'udp',
    original: {
      source: '198.51.100.7',
      destination: '10.0.20.200',
      sourcePort: 40_000,
      destinationPort: 443,
    },
    reply: { source: '10.244.2.11', destination: '10.0.20.103', sourcePort: 8443, destinationPort: 51_000 },
    isAnswered: true,
  });
});

test('one without an answer says so; what is no flow is none', () => {
  expect(readFlow(udp.replace('src=10.244', '[UNREPLIED] src=10.244'))?.isAnswered).toBe(false);
  expect(readFlow('icmp     1 29 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=1')).toBeUndefined();
  expect(readFlow('')).toBeUndefined();
});
