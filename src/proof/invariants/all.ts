/* Every built-in invariant, in the order in which results list them. */
import type { FlowInvariant, StateInvariant } from '../invariant.ts';
import { aliasesNotLiterals } from './aliases-not-literals.ts';
import { chartPinned } from './chart-pinned.ts';
import { consumersServed } from './consumers-served.ts';
import { credentialsReachable } from './credentials-reachable.ts';
import { identityNotWorse } from './identity-not-worse.ts';
import { keepsWorking } from './keeps-working.ts';
import { nothingReverted } from './nothing-reverted.ts';
import { outOfScope } from './out-of-scope.ts';
import { ownInvariants } from './own.ts';
import { protectedEndpoint } from './protected-endpoint.ts';
import { protectedPeople } from './protected-people.ts';
import { publishedService } from './published-service.ts';
import { sharedAddressAllowed } from './shared-address-allowed.ts';
import { undoPossible } from './undo-possible.ts';

export const flowInvariants: readonly FlowInvariant[] = [
  protectedEndpoint,
  keepsWorking,
  identityNotWorse,
  protectedPeople,
  ownInvariants,
];

export const stateInvariants: readonly StateInvariant[] = [
  sharedAddressAllowed,
  credentialsReachable,
  consumersServed,
  outOfScope,
  aliasesNotLiterals,
  chartPinned,
  publishedService,
  undoPossible,
  nothingReverted,
];
