/** An id that nobody else has. Pages that came by plain HTTP have no `crypto.randomUUID`. */
export function newId(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('-')
}
