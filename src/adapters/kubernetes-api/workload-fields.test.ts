/* The argument that names the published Service: read with the pod's namespace, and written the way its chart wrote it. */
import { describe, expect, it } from 'vitest';
import { publishedServicePlace } from './workload-fields.ts';

const deployment = (argument: string) => ({
  kind: 'Deployment',
  metadata: { namespace: 'ingress-nginx', name: 'public-controller' },
  spec: { template: { spec: { containers: [{ name: 'controller', args: ['/nginx', argument] }] } } },
});
const place = publishedServicePlace('ingress-nginx/public', 'ingress-nginx/public-lb');

describe('the published Service', () => {
  it.each([
    [
      '--publish-service=ingress-nginx/public',
      'ingress-nginx/public',
      '--publish-service=ingress-nginx/public-lb',
    ],
    [
      '--publish-service=$(POD_NAMESPACE)/public',
      'ingress-nginx/public',
      '--publish-service=$(POD_NAMESPACE)/public-lb',
    ],
    [
      '--providers.kubernetesIngress.ingressEndpoint.publishedService=other/traefik',
      'other/traefik',
      '--providers.kubernetesIngress.ingressEndpoint.publishedService=ingress-nginx/public-lb',
    ],
  ])('%s', (argument, read, written) => {
    const object = deployment(argument);
    expect(place.read(object)).toBe(read);
    expect(place.put(object, 'ingress-nginx/public-lb')).toEqual(deployment(written));
    expect(place.put(deployment(written), read)).toEqual(object);
  });

  it('of another namespace is written whole', () => {
    const object = deployment('--publish-service=$(POD_NAMESPACE)/public');
    expect(place.put(object, 'edge/public')).toEqual(deployment('--publish-service=edge/public'));
  });
});
