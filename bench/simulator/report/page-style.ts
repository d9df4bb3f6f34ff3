export const PAGE_STYLE = `
:root{color-scheme:light dark;--ink:#1c2024;--paper:#fff;--line:#d6dade;--good:#d3efdc;--bad:#f4b8a8;--mark:#0b6bcb}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ec;--paper:#14171a;--line:#353b41;--good:#123f26;--bad:#7a2f1d;--mark:#69b1ff}}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:72rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem}h2{font-size:1.25rem;margin-top:2.5rem}h3{font-size:1.05rem}h4{font-size:1rem}
summary{cursor:pointer}dt{font-weight:600;margin-top:.75rem}dd{margin:0}
select{font:inherit;max-width:100%}
.map{overflow-x:auto;margin:1rem 0}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:.25rem 0}
th,td{padding:.3rem .6rem;border:1px solid var(--line);text-align:right;white-space:nowrap}
th{text-align:left;font-weight:500}
td[style]{background:color-mix(in oklab,var(--bad) var(--heat),var(--good))}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr));gap:1rem}
svg{width:100%;height:auto;border:1px solid var(--line);border-radius:6px}
svg text{font:10px system-ui,sans-serif;fill:var(--ink)}svg .title{font-size:12px;font-weight:600}
.axis{fill:none;stroke:var(--line)}.front{fill:none;stroke:var(--mark);stroke-dasharray:4 3}
td.miss{background:var(--bad)}td.pass{background:var(--good)}th.wide,td.wide{white-space:normal;min-width:12rem;text-align:left}
.bar{fill:color-mix(in oklab,var(--ink) 45%,var(--paper))}.ours .bar{fill:var(--mark)}.range{stroke:var(--ink)}
.line{fill:none;stroke:color-mix(in oklab,var(--ink) 45%,var(--paper))}.ours .line{stroke:var(--mark);stroke-width:2.5}.ours text{fill:var(--mark);font-weight:600}
circle{fill:var(--ink)}circle.chosen{fill:var(--mark);r:6}
`.trim()

/** Shows the source and client that are chosen. */
export const PAGE_SCRIPT = `
const choice = document.querySelector('#group')
const show = () => document.querySelectorAll('[data-group]').forEach((section) => (section.hidden = section.dataset.group !== choice.value))
choice?.addEventListener('change', show)
if (choice) show()
`.trim()
