// Draws every chart from the JSON beside it. Expressions are interpreted, never compiled: the page's policy forbids eval.
const locale = JSON.parse(document.getElementById("locale").textContent);
document.querySelectorAll("[data-chart]").forEach(async (place) => {
  try {
    const spec = JSON.parse(document.getElementById(place.dataset.chart).textContent);
    const { view } = await drawChart(place, spec, {
      mode: "vega-lite",
      renderer: "svg",
      ast: true,
      actions: false,
      defaultStyle: false,
      formatLocale: locale.number,
      timeFormatLocale: locale.time,
      tooltip: { theme: "own", disableDefaultStyle: true },
    });
    place.dataset.state = "drawn";
    place.parentElement.querySelectorAll(".search").forEach((box) => offerSearch(box, view));
  } catch (error) {
    place.dataset.state = "failed";
    place.textContent = place.dataset.failed;
    console.error(error);
  }
});
