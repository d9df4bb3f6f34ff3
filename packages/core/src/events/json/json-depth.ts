/**
 * Whether `value`, which has been JSON, is nested deeper than `levels`: a value that is no object or array has none. Goes no
 * deeper than that.
 */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  for (const inside of Array.isArray(value) ? value : Object.values(value))
    if (isDeeperThan(inside, levels - 1)) return true
  return false
}
