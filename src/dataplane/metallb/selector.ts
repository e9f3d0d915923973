/* Label selectors as Kubernetes reads them (apimachinery LabelSelectorAsSelector). An empty selector matches all. */
import type { Labels, Selector } from '#estate/kubernetes.ts';

export function matchesSelector(selector: Selector, labels: Labels): boolean {
  const wanted = Object.entries(selector.matchLabels ?? {});
  return (
    wanted.every(([key, value]) => labels[key] === value) &&
    (selector.matchExpressions ?? []).every((e) => matchesExpression(e, labels))
  );
}

/** undefined: the list is empty, so nothing is asked of the labels. */
export function matchesAny(selectors: readonly Selector[], labels: Labels): boolean | undefined {
  return selectors.length === 0 ? undefined : selectors.some((s) => matchesSelector(s, labels));
}

function matchesExpression(
  expression: NonNullable<Selector['matchExpressions']>[number],
  labels: Labels,
): boolean {
  const value = labels[expression.key];
  const isListed = value !== undefined && (expression.values ?? []).includes(value);
  switch (expression.operator) {
    case 'In':
      return isListed;
    case 'NotIn':
      return !isListed;
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return expression.operator satisfies never;
  }
}
