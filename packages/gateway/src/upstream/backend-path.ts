/** What becomes of a path below the mount. */
export type PathVerdict =
  | { readonly is: 'passed'; readonly path: string }
  /** It is below a route of ours, spelled in some way: nobody else may answer for it. */
  | { readonly is: 'own' }
  /** It could be read in two ways. */
  | { readonly is: 'refused' }

/** How paths are judged. */
export interface PathRules {
  /** Where the API is here: `/v1`. */
  readonly mount: string
  /** Where it is at the backend. */
  readonly basePath: string
  /** Paths of our own routes below the mount: `/streams`. */
  readonly ownPaths: readonly string[]
  /** Paths of ours beside which there are others that are not. */
  readonly ownPatterns?: readonly RegExp[] | undefined
}

/** Decoded more often than anybody would, so that what an intermediary decodes once too often is seen too. */
const MAX_DECODINGS = 3

/**
 * Where `url` leads at the backend, as it was sent. What could leave the backend's base path in anybody's reading (dots,
 * encoded separators, backslashes) is refused.
 */
export function judgePath(url: string, { mount, basePath, ownPaths, ownPatterns = [] }: PathRules): PathVerdict {
  if (!url.startsWith(`${mount}/`)) return { is: 'refused' }
  const below = url.slice(mount.length)
  const mark = below.indexOf('?')
  const path = mark < 0 ? below : below.slice(0, mark)
  if (isAmbiguous(path)) return { is: 'refused' }
  const canonical = canonicalPath(path)
  if (ownPaths.some((own) => canonical === own || canonical.startsWith(`${own}/`))) return { is: 'own' }
  if (ownPatterns.some((own) => own.test(canonical))) return { is: 'own' }
  return { is: 'passed', path: basePath + below }
}

function isAmbiguous(path: string): boolean {
  // A fragment is nothing that clients send.
  if (path.includes('#')) return true
  let decoded = path
  const separators = count(path)
  for (let round = 0; round <= MAX_DECODINGS; round++) {
    // oxlint-disable-next-line no-control-regex
    if (/[\\\u0000-\u001f\u007f]/.test(decoded) || count(decoded) !== separators) return true
    if (decoded.split('/').some(isDots)) return true
    const next = decodeAscii(decoded)
    if (next === decoded) return false
    decoded = next
  }
  return true
}

/** Dots alone, or before what some servers take for a parameter of the segment. */
function isDots(segment: string): boolean {
  return /^\.{1,2}(?:;|$)/.test(segment)
}

function count(path: string): number {
  return path.split('/').length
}

function decodeAscii(path: string): string {
  return path.replace(/%([0-7][\da-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** As the most lenient server would read it. */
function canonicalPath(path: string): string {
  const segments = decodeAscii(path).toLowerCase().split('/')
  const kept = segments.map((segment) => segment.replace(/;.*/, '')).filter((segment) => segment !== '')
  return `/${kept.join('/')}`
}
