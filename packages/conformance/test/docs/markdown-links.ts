import { dirname, join, normalize } from 'node:path'

/** What a link may lead to: the files there are, and their text. */
export interface Library {
  exists(path: string): boolean
  read(path: string): string
}

/** What a path in inline code begins with where it names a file of this repository … */
const OWN_PATH = /^(?:packages|docs|scripts|bench|examples|runtimes)\/[\w./-]*[\w/]$/
/** … and where `packages/` is left out. */
const IN_PACKAGE = /^[a-z]+\/(?:src|test)\/[\w./-]*[\w/]$/
/** What no clone has before something was installed or built. */
const MADE = /(?:^|\/)(?:node_modules|dist|gen|html)(?:\/|$)/
const SCHEME = /^[a-z][a-z\d+.-]*:/i

/** What is wrong with the links of one document, and with the paths it names: one line each, by the target. */
export function brokenLinks(document: string, markdown: string, library: Library): string[] {
  const prose = withoutFences(markdown)
  const links = linksOf(prose.replace(/`[^`\n]*`/g, '')).map((link) => problemOf(document, link, library))
  const paths = [...prose.matchAll(/`([^`\n]+)`/g)].flatMap(([, code = '']) => ownPathOf(code))
  const missing = paths
    .filter((path) => !MADE.test(path) && !library.exists(path))
    .map((path) => `${path}: named, and not there`)
  return [...links.filter((problem) => problem !== undefined), ...missing]
}

function ownPathOf(code: string): string[] {
  if (IN_PACKAGE.test(code)) return [normalize(`packages/${code}`).replace(/\/$/, '')]
  return OWN_PATH.test(code) ? [code.replace(/\/$/, '')] : []
}

/** The anchors GitHub gives to the headings of a document: a heading that comes again is numbered. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of withoutFences(markdown).matchAll(/^#{1,6} +(.*?) *#*$/gm)) {
    const slug = slugOf(heading)
    let anchor = slug
    for (let again = 1; anchors.has(anchor); again++) anchor = `${slug}-${again}`
    anchors.add(anchor)
  }
  return anchors
}

function slugOf(heading: string): string {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-')
}

/** What is in a fence is shown, not meant. */
function withoutFences(markdown: string): string {
  return markdown.replace(/^( *)(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1\2[ \t]*$/gm, '').replace(/<!--[\s\S]*?-->/g, '')
}

function linksOf(prose: string): string[] {
  const forms = [
    /\]\(\s*<?([^)\s>]*)>?(?:\s+"[^"]*")?\s*\)/g,
    /^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)/gm,
    /<([a-z][a-z\d+.-]*:[^>\s]*)>/gi,
    /\b(?:href|src)="([^"]*)"/g,
  ]
  return forms.flatMap((form) => [...prose.matchAll(form)].map(([, target = '']) => target))
}

function problemOf(document: string, link: string, library: Library): string | undefined {
  if (SCHEME.test(link)) return isWellFormed(link) ? undefined : `${link}: an address outside is https:, with a host`
  if (link === '' || link.startsWith('/')) return `${link || '(nothing)'}: a link inside is relative`
  const [path = '', anchor] = decodeURI(link).split('#')
  const target = path === '' ? document : normalize(join(dirname(document), path))
  if (!isThere(target, library)) return `${link}: not there`
  if (anchor === undefined) return undefined
  if (!target.endsWith('.md')) return `${link}: only a document has anchors that last`
  return anchorsOf(library.read(target)).has(anchor) ? undefined : `${link}: there is no such heading`
}

function isThere(path: string, { exists }: Library): boolean {
  return !path.startsWith('..') && !MADE.test(path) && exists(path)
}

/** Nobody is asked: an address that is down today is no fault of the document. */
function isWellFormed(link: string): boolean {
  const url = URL.parse(link)
  if (!url) return false
  if (url.protocol === 'mailto:') return url.pathname.includes('@')
  return url.protocol === 'https:' && url.hostname.includes('.') && !/[.,;:!?'"]$/.test(link) && url.username === ''
}
