// Listens to what happens to alerts and has the page fetch again what changed of what it shows.
// The words of an alert never travel here: an event carries a number, and the page is asked for the rest.
"use strict";
(() => {
  const told = new Set();
  let waiting = 0;

  function refresh() {
    waiting = 0;
    let elsewhere = 0;
    for (const number of told) {
      const shown = document.querySelectorAll(`[data-melding="${number}"]`);
      shown.forEach((each) => htmx.trigger(each, "ververs"));
      if (shown.length === 0) elsewhere += 1;
    }
    told.clear();
    const news = document.getElementById("nieuws");
    if (elsewhere > 0 && news) htmx.trigger(news, "ververs");
  }

  function hear(event) {
    let number = null;
    try {
      const body = JSON.parse(event.data);
      number = (body.data ?? body).alert ?? body.number ?? null;
    } catch {
      return;
    }
    if (!/^[0-9]+$/.test(String(number))) return;
    told.add(String(number));
    // Many may change at once (a corrected file): they are fetched together.
    waiting ||= setTimeout(refresh, 200);
  }

  // Two answers about one alert may come in another order than they were asked in, and what an answer is meant for may
  // have been replaced meanwhile: the newest is what is shown, in the place that is there now.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { detail } = event;
    if (detail.target.id && !detail.target.isConnected) detail.target = document.getElementById(detail.target.id);
    const shown = detail.target?.dataset.gewijzigd;
    const came = detail.xhr.getResponseHeader("X-Gewijzigd");
    if (!detail.target || (shown && came && came < shown)) detail.shouldSwap = false;
  });

  // A form that was carried out stays on the page while the same may be done: it begins anew.
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful || !event.target.matches("#handelingen form, #notitie form")) return;
    event.target.reset();
    event.target.closest("details")?.removeAttribute("open");
  });

  function tell(words) {
    const place = document.getElementById("bericht");
    if (!place) return;
    place.textContent = words;
    place.classList.add("fout");
  }

  // What was refused changes nothing on the page: what somebody wrote stays where it is.
  document.addEventListener("htmx:responseError", () =>
    tell("Dit is niet gelukt. Wat u schreef staat er nog: kopieer het, en laad de pagina over een minuut opnieuw."),
  );

  // The stream ends with the session, and a browser that is refused does not ask again.
  function closed() {
    if (stream.readyState !== EventSource.CLOSED) return;
    tell(
      "Deze pagina wordt niet meer bijgewerkt; misschien is uw sessie verlopen. Kopieer wat u hier schreef, en laad de pagina opnieuw.",
    );
  }

  const stream = new EventSource(document.currentScript.dataset.stream);
  stream.onmessage = hear;
  for (const kind of ["alert", "state"]) stream.addEventListener(kind, hear);
  stream.addEventListener("error", closed);
  addEventListener("pagehide", () => stream.close());
})();
