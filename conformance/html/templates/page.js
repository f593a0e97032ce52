// Filters what is there. Without it the page has everything, and can be read as well.
(() => {
  const form = document.getElementById("filter"), words = document.getElementById("words");
  const verdict = document.getElementById("verdict"), found = document.getElementById("found");
  const scenarios = [...document.querySelectorAll("details.s")], lines = [...document.querySelectorAll("table.grid tbody tr")];
  const around = [...document.querySelectorAll("details.group, details.table")];
  const were = new Map(around.map((each) => [each, each.open]));
  const asked = (of, text) => text.every((word) => of.toLowerCase().includes(word));
  const said = (of, wanted) => !wanted || (wanted === "!" ? /fail|deviation|inconclusive|error|expected|waived/.test(of) : of.split(" ").includes(wanted));
  const filter = () => {
    const text = words.value.toLowerCase().split(/\s+/).filter(Boolean), wanted = verdict.value;
    const any = text.length > 0 || wanted !== "";
    for (const each of scenarios) each.hidden = !(asked(each.dataset.n, text) && said(each.dataset.v, wanted));
    for (const each of lines) {
      const verdicts = [...each.cells].map((cell) => cell.className).join(" ");
      const columns = [...each.closest("table").tHead.rows[0].cells].filter((_, n) => each.cells[n].className).map((cell) => cell.textContent);
      each.hidden = !(asked(each.dataset.n + " " + columns.join(" "), text) && said(verdicts, wanted));
    }
    for (const each of around) {
      const some = [...each.querySelectorAll("details.s, tbody tr")].some((inner) => !inner.hidden);
      each.hidden = any && !some;
      each.open = any ? some : were.get(each);
    }
    const left = scenarios.filter((each) => !each.hidden).length;
    found.textContent = any ? `${left} of ${scenarios.length} scenarios` : "";
  };
  const reveal = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    if (target) (target.closest("details.s") || target).scrollIntoView();
  };
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  words.addEventListener("input", filter);
  verdict.addEventListener("change", filter);
  addEventListener("hashchange", reveal);
  reveal();
})();
