import { escape } from './escape.ts'
import { PAGE_SCRIPT, PAGE_STYLE } from './page-style.ts'

/** A page that needs nothing else: no request leaves it. */
export function htmlPage(title: string, about: readonly string[], body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>sluice: ${escape(title)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
<h1>${escape(title)}</h1>
<p>${about.map(escape).join('<br>')}</p>
${body}
</main>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`
}
