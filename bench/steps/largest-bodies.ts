/** A body of so many bytes, of one kind. Each kind is dear in another way: copied, unescaped, widened, made of many values. */
export const LARGEST_BODIES: readonly { name: string; make: (bytes: number, members?: number) => string }[] = [
  { name: 'picture', make: (bytes) => chat('iVBORw0KGgo+'.repeat(bytes / 12)) },
  { name: 'quotes', make: (bytes) => chat('"'.repeat(bytes / 2)) },
  { name: 'chinese', make: (bytes) => chat('中文'.repeat(bytes / 6)) },
  { name: 'mixed', make: (bytes) => chat(`中${'x'.repeat(bytes - 3)}`) },
  {
    name: 'values',
    make: (bytes, members = 240_000) =>
      JSON.stringify({ model: 'm', messages: lists(bytes, Math.min(members, Math.floor(bytes / 5_000) * 1_000)) }),
  },
  {
    name: 'names',
    make: (bytes, members = 240_000) =>
      JSON.stringify({
        model: 'm',
        messages: objects(
          bytes,
          Math.max(1, Math.min(Math.floor(members / NAMES), 24, Math.floor(bytes / NAMES / 18))),
        ),
      }),
  },
]

/** As many as an object may have, and some to spare. */
const NAMES = 9_900

function chat(content: string): string {
  return JSON.stringify({ model: 'm', messages: [{ role: 'user', content }] })
}

function lists(bytes: number, values: number): string[][] {
  const text = 'x'.repeat(Math.max(0, bytes / values - 4))
  return Array.from({ length: values / 1_000 }, () => Array<string>(1_000).fill(text))
}

/** As many names as an object may have, and no two alike. */
function objects(bytes: number, count: number): Record<string, number>[] {
  const length = Math.max(8, Math.floor(bytes / count / NAMES) - 6)
  const one = (first: number): Record<string, number> =>
    Object.fromEntries(Array.from({ length: NAMES }, (_, index) => [`${first + index}n`.padEnd(length, 'm'), 1]))
  return Array.from({ length: count }, (_, index) => one(index * NAMES))
}
