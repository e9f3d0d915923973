/* One flat name for the diff of a document. */

/** `source/infra/docs/a.md` is `docs-a.md`. */
export function documentSlug(file: string): string {
  return file
    .replace(/^source\/[^/]+\//, '')
    .replace(/^\.+/, '')
    .replace(/[^\w.-]+/g, '-');
}
