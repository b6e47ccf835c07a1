/** The style of the page: light or dark as the reader's system is, black on white when printed. */

/** Series colours on white and on near-black, each at least 3:1 against its ground. */
const LIGHT = [
  "#0060a8",
  "#b8470a",
  "#00775a",
  "#a03a7c",
  "#7a5f00",
  "#5b3fa0",
  "#1f7f94",
  "#a31f2f",
  "#4f6b12",
  "#555555",
];
const DARK = [
  "#62b2f2",
  "#f29a5c",
  "#3ecba0",
  "#e48cc4",
  "#d9b93f",
  "#b09df0",
  "#6ccfe0",
  "#f28b94",
  "#a8c95a",
  "#b5b5b5",
];

const series = (colours: readonly string[]): string => colours.map((colour, i) => `--s${i}:${colour};`).join("");

const LIGHT_VARIABLES = `--ground:#fff;--ink:#1b1b1f;--soft:#55555e;--rule:#d9d9e0;--panel:#f5f5f8;--accent:#0060a8;--gain:#0072b2;--loss:#d55e00;
--market:#7d8ca3;--fees:#2f9e77;--lvr:#d9713c;--hedge:#7a62b8;--carry:#c9a400;--gas:#444;--slippage:#b0527f;
--calm:#fafafa;--normal:#eceff4;--stressed:#eedfc9;--crisis:#dfb3a9;--unknown:#f2f2f2;${series(LIGHT)}`;
const DARK_VARIABLES = `--ground:#15161a;--ink:#ececf1;--soft:#a9aab5;--rule:#3a3c46;--panel:#1e2027;--accent:#62b2f2;--gain:#2f7fc1;--loss:#c9601f;
--market:#8593aa;--fees:#2f9e77;--lvr:#d9713c;--hedge:#8f78cf;--carry:#c9a83a;--gas:#c8c8c8;--slippage:#cf6f9d;
--calm:#17181c;--normal:#1f2530;--stressed:#3a3020;--crisis:#5a2c27;--unknown:#1b1c20;${series(DARK)}`;

export const STYLE = `
:root{color-scheme:light dark;${LIGHT_VARIABLES}}
@media screen and (prefers-color-scheme:dark){:root{${DARK_VARIABLES}}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:60rem;margin:0 auto;padding:1.5rem 1.25rem 4rem}
h1{font-size:1.7rem;line-height:1.2;margin:.4rem 0}
h2{font-size:1.25rem;margin:2.6rem 0 .6rem;padding-top:.6rem;border-top:1px solid var(--rule)}
h3{font-size:1rem;margin:1.4rem 0 .3rem}
p{max-width:46rem;margin:.5rem 0}
.lead{font-size:1.05rem}
.soft,figcaption,caption{color:var(--soft)}
.findings{list-style:none;margin:1rem 0;padding:0;display:grid;grid-template-columns:repeat(auto-fit,minmax(18rem,1fr));gap:.75rem}
.findings li{background:var(--panel);border-left:4px solid var(--accent);padding:.7rem .9rem}
.findings strong{display:block}
figure{margin:1rem 0 1.5rem}
figcaption{font-size:.9rem;max-width:46rem;margin-top:.3rem}
.scroll{overflow-x:auto}
.scroll:focus-visible{outline:2px solid var(--accent)}
svg[role=img]{display:block;width:100%;min-width:600px;height:auto}
table{border-collapse:collapse;font-size:.84rem;margin:.8rem 0;font-variant-numeric:tabular-nums}
caption{text-align:left;font-size:.9rem;padding-bottom:.3rem}
th,td{padding:.22rem .45rem;border-bottom:1px solid var(--rule);text-align:right;white-space:nowrap}
th:first-child,th.words{text-align:left}.name{white-space:nowrap}a{color:var(--accent)}
thead th{white-space:normal;border-bottom:2px solid var(--soft);vertical-align:bottom}
td.words{text-align:left;white-space:normal;min-width:14rem}
details{margin:.6rem 0}
summary{cursor:pointer;color:var(--accent)}
dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:.3rem 1rem;max-width:52rem}
dt{font-weight:600}
dd{margin:0;overflow-wrap:anywhere}dd code{font-size:.8rem}
code,pre{font:.85rem/1.45 ui-monospace,"DejaVu Sans Mono",monospace}
pre{background:var(--panel);padding:.7rem .9rem;white-space:pre-wrap;overflow-wrap:anywhere}
.legend{list-style:none;margin:.4rem 0;padding:0;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;font-size:.88rem}
.legend li{display:flex;align-items:center;gap:.4rem}
.readout{min-height:1.5em;font-size:.88rem;margin:.2rem 0;font-variant-numeric:tabular-nums;max-width:none}
svg text{fill:var(--ink);font:12.5px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
svg .tick,svg .axis{fill:var(--soft);font-size:12px}
svg .cell{font-size:12px}
svg .label{font-weight:600}
svg .inside{font-size:11.5px;paint-order:stroke;stroke:var(--ground);stroke-width:3px;stroke-linejoin:round}
.grid{stroke:var(--rule);stroke-width:.7}
.zero{stroke:var(--ink);stroke-width:1.4}
.line{fill:none;stroke-width:1.6;stroke-linejoin:round}
.leader{fill:none;stroke-width:1}
.area{stroke:none;fill-opacity:.22}
.mark{stroke-width:1.2}.mark.own{fill:var(--accent);stroke:var(--accent)}.mark.other{fill:var(--ground);stroke:var(--ink)}
.mark.hollow{fill:var(--ground)!important}
.span{stroke:var(--soft);stroke-width:2}
.price{fill:none;stroke:var(--ink);stroke-width:1.1;stroke-linejoin:round}
.ranges{fill:var(--s0);fill-opacity:.2;stroke:var(--s0);stroke-opacity:.65;stroke-width:.6;fill-rule:nonzero}
.band.calm,.swatch.calm{fill:var(--calm)}.band.normal,.swatch.normal{fill:var(--normal)}.band.stressed,.swatch.stressed{fill:var(--stressed)}.band.crisis,.swatch.crisis{fill:var(--crisis)}.band.unknown,.swatch.unknown{fill:var(--unknown)}
.swatch{stroke:var(--soft);stroke-width:.8}
.term{stroke:var(--ground);stroke-width:1}
.term.market{fill:var(--market)}.term.fees{fill:url(#p-fees)}.term.lvr{fill:url(#p-lvr)}.term.hedge{fill:url(#p-hedge)}.term.carry{fill:url(#p-carry)}.term.gas{fill:var(--gas)}.term.slippage{fill:url(#p-slippage)}
.c-fees{fill:var(--fees)}.c-lvr{fill:var(--lvr)}.c-hedge{fill:var(--hedge)}.c-carry{fill:var(--carry)}.c-slippage{fill:var(--slippage)}
.hatch{stroke:var(--ground);stroke-width:1.4;fill:none}
.total{fill:var(--ink);stroke:var(--ground);stroke-width:1}
.interval.absolute{fill:var(--s0)}.interval.versus{fill:var(--s1)}
.heat.gain{fill:var(--gain)}.heat.loss{fill:var(--loss)}.heat.unknown{fill:none;stroke:var(--rule);stroke-dasharray:3 3}
.heat.best{stroke:var(--ink);stroke-width:2.4}
.cursor{stroke:var(--ink);stroke-width:1;stroke-dasharray:3 3}
.defs{position:absolute;width:0;height:0}
${LIGHT.map((_, i) => `.line.s${i},.leader.s${i}{stroke:var(--s${i})}.area.s${i}{fill:var(--s${i})}.mark.s${i}{fill:var(--s${i});stroke:var(--s${i})}`).join("\n")}
@media print{body{font-size:11pt;print-color-adjust:exact;-webkit-print-color-adjust:exact}main{max-width:none;padding:0}h2,.legend,summary{break-after:avoid}figure svg,.findings li,tr{break-inside:avoid}.readout{display:none}.scroll{overflow:visible}svg[role=img]{min-width:0}table{font-size:8pt}th,td{padding:.15rem .35rem}a{color:inherit}}
`;
