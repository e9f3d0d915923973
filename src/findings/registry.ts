/* Every rule, in the order in which reports of equal severity are read. */
import type { Rule } from './rule.ts';
import { clientMasked } from './rules/client-masked.ts';

export const rules: readonly Rule[] = [clientMasked];
