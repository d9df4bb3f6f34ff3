/** The keys and values of a flat reply, such as that of `HGETALL`. */
export function pairs(flat: readonly string[]): Map<string, string> {
  const map = new Map<string, string>()
  for (let index = 0; index + 1 < flat.length; index += 2) map.set(flat[index]!, flat[index + 1]!)
  return map
}
