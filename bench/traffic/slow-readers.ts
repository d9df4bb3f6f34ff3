/** Of twenty streams the first three are read by somebody on a poor line: 15 %, in every process the same ones. */
const [OF, SLOW] = [20, 3]

/** Whether stream `stream` has a slow reader, in a round that has some. */
export function isSlow(stream: number): boolean {
  return stream % OF < SLOW
}

/** How many of so many streams have one. */
export function slowAmong(streams: number): number {
  return Array.from({ length: streams }, (_, stream) => stream).filter(isSlow).length
}
